/**
 * What pointers do on a viewer: drag, wheel, pinch, double click; or what a tool makes of them.
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";
import { on } from "../dom.ts";
import type { Point, Viewport } from "./viewport.ts";

/** What a pointer does, such as a brush; points are in pixels of the image and may lie outside. */
export interface Tool {
  /** The style's `cursor`; defaults to `crosshair`. */
  readonly cursor?: string;
  /** A button or finger goes down. */
  down(point: Point, event: PointerEvent): void;
  /** The pointer moves, pressed or not: `event.buttons` says. */
  move?(point: Point, event: PointerEvent): void;
  /** It goes up. */
  up?(point: Point, event: PointerEvent): void;
  /** A second finger, or the system, took over: what was begun is dropped. */
  cancel?(): void;
  /** A double click, which otherwise fits the image. */
  double?(point: Point, event: MouseEvent): void;
  /** The pointer leaves the pane. */
  leave?(): void;
}

/** How much a wheel's pixel magnifies. */
const WHEEL = 0.0015;

/** Pixels that a wheel's line or page stands for. */
const WHEEL_UNITS = [1, 16, 240] as const;

/** Listens to a canvas. */
export class Gestures {
  readonly #canvas: HTMLCanvasElement;
  readonly #viewport: Viewport;
  readonly #pane: () => Size;
  readonly #redraw: () => void;
  readonly #pointers = new Map<number, Point>();
  /** The pointer that the tool follows. */
  #drawing: number | null = null;
  #tool: Tool | null = null;
  #isSpaceDown = false;
  readonly #closers: (() => void)[];

  constructor(canvas: HTMLCanvasElement, viewport: Viewport, pane: () => Size, redraw: () => void) {
    this.#canvas = canvas;
    this.#viewport = viewport;
    this.#pane = pane;
    this.#redraw = redraw;
    const release = () => this.#setSpace(false);
    this.#closers = [
      on(canvas, "pointerdown", (event) => this.#down(event)),
      on(canvas, "pointermove", (event) => this.#move(event)),
      on(canvas, "pointerup", (event) => this.#up(event)),
      on(canvas, "pointercancel", (event) => this.#cancel(event)),
      on(canvas, "pointerleave", () => this.#tool?.leave?.()),
      on(canvas, "wheel", (event) => this.#wheel(event), { passive: false }),
      on(canvas, "dblclick", (event) => this.#double(event)),
      on(canvas, "keydown", (event: KeyboardEvent) => {
        if (event.key !== " " || this.#tool === null) return;
        event.preventDefault();
        this.#setSpace(true);
      }),
      on(canvas, "keyup", (event: KeyboardEvent) => event.key === " " && release()),
      on(canvas, "blur", release),
    ];
    this.#showCursor();
  }

  /** Replaces the tool; what it had begun is dropped. */
  setTool(tool: Tool | null): void {
    this.#drop();
    this.#tool = tool;
    this.#showCursor();
    this.updateTouch();
  }

  /** A finger scrolls the page as long as it cannot move the image. */
  updateTouch(): void {
    this.#canvas.style.touchAction = this.#tool === null && this.#viewport.fits ? "pan-y" : "none";
  }

  /** Stops listening. */
  close(): void {
    this.#closers.forEach((close) => close());
  }

  #point({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.#canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #inImage(event: MouseEvent): Point {
    return this.#viewport.toImage(this.#point(event), this.#pane());
  }

  #down(event: PointerEvent): void {
    if (event.button > 1) return;
    // Else the middle button would scroll the page.
    if (event.button === 1) event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#point(event));
    if (this.#pointers.size > 1) return this.#drop();
    if (this.#tool === null || event.button === 1 || this.#isSpaceDown) {
      this.#canvas.style.cursor = "grabbing";
      return;
    }
    this.#drawing = event.pointerId;
    this.#tool.down(this.#inImage(event), event);
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined || this.#drawing === event.pointerId) {
      this.#tool?.move?.(this.#inImage(event), event);
      return;
    }
    const point = this.#point(event);
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    this.#pointers.set(event.pointerId, point);
    const [other] = others;
    if (other === undefined) {
      this.#viewport.panBy(point.x - before.x, point.y - before.y, this.#pane());
      return;
    }
    // Two fingers: their middle moves the image, their distance magnifies it.
    const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
    const factor = Math.max(1, distance(point, other)) / Math.max(1, distance(before, other));
    this.#viewport.zoomBy(factor, this.#pane(), middle);
    this.#viewport.panBy((point.x - before.x) / 2, (point.y - before.y) / 2, this.#pane());
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    if (this.#drawing === event.pointerId) {
      this.#drawing = null;
      this.#tool?.up?.(this.#inImage(event), event);
    }
    this.#showCursor();
  }

  #cancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    if (this.#drawing === event.pointerId) this.#drop();
    this.#showCursor();
  }

  #drop(): void {
    if (this.#drawing === null) return;
    this.#drawing = null;
    this.#tool?.cancel?.();
    this.#redraw();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (WHEEL_UNITS[event.deltaMode] ?? 1);
    // A pinch on a touchpad arrives as a wheel with Ctrl, in small steps.
    const factor = Math.exp(-pixels * WHEEL * (event.ctrlKey ? 6 : 1));
    this.#viewport.zoomBy(Math.min(Math.max(factor, 0.5), 2), this.#pane(), this.#point(event));
  }

  #double(event: MouseEvent): void {
    if (this.#tool?.double) this.#tool.double(this.#inImage(event), event);
    else if (this.#tool === null) this.#viewport.fit();
  }

  #setSpace(isDown: boolean): void {
    this.#isSpaceDown = isDown;
    this.#showCursor();
  }

  #showCursor(): void {
    const own = this.#tool === null || this.#isSpaceDown ? "grab" : this.#tool.cursor ?? "crosshair";
    this.#canvas.style.cursor = own;
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

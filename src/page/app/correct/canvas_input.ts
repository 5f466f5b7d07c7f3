/**
 * Pointer, pen, touch and keyboard on the image, as input of the editor's tools.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { on } from "../dom.ts";
import type { Tool } from "../viewer/gestures.ts";
import type { ImageViewer } from "../viewer/image_viewer.ts";
import type { Point } from "./model/brush.ts";
import type { EditorTool, ToolInput } from "./tools/tool.ts";
import type { Size } from "../../../image/image.ts";

/** The bit of `buttons` that is the eraser of a pen. */
const PEN_ERASER = 32;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Feeds the active tool. */
export class CanvasInput {
  readonly #viewer: ImageViewer;
  readonly #size: Size;
  readonly #tool: () => EditorTool | null;
  readonly #onHover: (at: Point | null) => void;
  /** The pixel of the keyboard's cursor; null while a pointer is used. */
  #cursor: Point | null = null;
  #isSpaceDown = false;
  #isPointerInside = false;
  #hasPen = false;
  readonly #closers: (() => void)[];

  /** `tool` is the active one, null if the pointer moves the image; `onHover` hears which pixel is looked at. */
  constructor(
    viewer: ImageViewer,
    size: Size,
    tool: () => EditorTool | null,
    onHover: (at: Point | null) => void,
  ) {
    this.#viewer = viewer;
    this.#size = size;
    this.#tool = tool;
    this.#onHover = onHover;
    this.#closers = [
      // Before the viewer, for which Space moves the image.
      on(viewer.element, "keydown", (event: KeyboardEvent) => this.#press(event), { capture: true }),
      on(viewer.element, "keyup", (event: KeyboardEvent) => this.#release(event), { capture: true }),
      on(viewer.canvas, "pointerenter", () => this.#isPointerInside = true),
      on(viewer.canvas, "pointerleave", () => {
        this.#isPointerInside = false;
        this.#onHover(null);
      }),
      on(viewer.canvas, "blur", () => this.#endSpace()),
      on(viewer.canvas, "contextmenu", (event: Event) => event.preventDefault()),
    ];
    this.useTool();
  }

  /** The pixel of the keyboard's cursor, or null. */
  get cursor(): Point | null {
    return this.#cursor;
  }

  /** Gives the viewer the active tool; to be called when it changes. */
  useTool(): void {
    this.#endSpace();
    this.#viewer.setTool(this.#tool() === null ? null : this.#pointerTool());
  }

  /** Stops listening. */
  close(): void {
    this.#closers.forEach((close) => close());
  }

  #pointerTool(): Tool {
    const tool = this.#tool()!;
    let isPressed = false;
    return {
      cursor: "crosshair",
      down: (_, event) => {
        this.#hideCursor();
        if (event.pointerType === "pen") this.#hasPen = true;
        // Where there is a pen, a finger is a resting hand.
        if (event.pointerType === "touch" && this.#hasPen) return;
        isPressed = true;
        tool.down(this.#input(event));
      },
      move: (point, event) => {
        this.#hideCursor();
        this.#onHover(point);
        tool.move(this.#input(event), isPressed);
      },
      up: () => {
        if (isPressed) tool.up();
        isPressed = false;
      },
      cancel: () => {
        isPressed = false;
        tool.cancel();
      },
      double: () => tool.double?.(),
      leave: () => tool.leave(),
    };
  }

  #input(event: PointerEvent): ToolInput {
    const { left, top } = this.#viewer.canvas.getBoundingClientRect();
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length > 0 ? events : [event])
      .map(({ clientX, clientY }) => this.#viewer.toImage({ x: clientX - left, y: clientY - top }));
    return { points, inverse: event.altKey || (event.buttons & PEN_ERASER) !== 0 };
  }

  #hideCursor(): void {
    if (this.#cursor === null) return;
    this.#endSpace();
    this.#cursor = null;
    this.#viewer.redraw();
  }

  #press(event: KeyboardEvent): void {
    const tool = this.#tool();
    const arrow = ARROWS[event.key];
    if (tool === null || event.shiftKey || event.metaKey) return;
    if (arrow !== undefined) this.#stepCursor(arrow, event.ctrlKey ? 10 : 1, event.altKey);
    else if (event.key === " " && (this.#cursor !== null || !this.#isPointerInside)) {
      if (!event.repeat) this.#pressSpace(tool, event.altKey);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #release({ key }: KeyboardEvent): void {
    if (key === " ") this.#endSpace();
  }

  #pressSpace(tool: EditorTool, inverse: boolean): void {
    this.#cursor ??= this.#middle();
    this.#isSpaceDown = true;
    tool.down({ points: [this.#center()], inverse });
    this.#viewer.redraw();
  }

  #endSpace(): void {
    if (!this.#isSpaceDown) return;
    this.#isSpaceDown = false;
    this.#tool()?.up();
  }

  #stepCursor([dx, dy]: readonly [number, number], step: number, inverse: boolean): void {
    const { x, y } = this.#cursor ?? this.#middle();
    const clamp = (value: number, side: number) => Math.min(side - 1, Math.max(0, value));
    this.#cursor = this.#cursor === null ? { x, y } : {
      x: clamp(x + dx * step, this.#size.width),
      y: clamp(y + dy * step, this.#size.height),
    };
    this.#keepVisible();
    this.#onHover(this.#center());
    this.#tool()?.move({ points: [this.#center()], inverse }, this.#isSpaceDown);
    this.#viewer.redraw();
  }

  /** Moves the image if the cursor left the pane. */
  #keepVisible(): void {
    const { viewport, pane } = this.#viewer;
    const { x, y } = viewport.toPane(this.#center(), pane);
    if (x < 0 || y < 0 || x > pane.width || y > pane.height) viewport.lookAt(this.#center(), 0, pane);
  }

  #center(): Point {
    const { x, y } = this.#cursor!;
    return { x: x + 0.5, y: y + 0.5 };
  }

  /** The pixel in the middle of what is shown. */
  #middle(): Point {
    const { width, height } = this.#viewer.pane;
    const { x, y } = this.#viewer.toImage({ x: width / 2, y: height / 2 });
    return {
      x: Math.min(this.#size.width - 1, Math.max(0, Math.floor(x))),
      y: Math.min(this.#size.height - 1, Math.max(0, Math.floor(y))),
    };
  }
}

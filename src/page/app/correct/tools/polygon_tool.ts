/**
 * Polygons: corner by corner, or drawn freely while the pointer is down.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Point } from "../model/brush.ts";
import { MAX_CORNERS, polygonRegion } from "../model/polygon_region.ts";
import type { EditorTool, ToolHost, ToolInput, ToolShape } from "./tool.ts";

/** Pixels of the image between corners that are drawn freely. */
const FREE_STEP = 1;

/** Draws polygons. */
export class PolygonTool implements EditorTool {
  readonly #host: ToolHost;
  #corners: Point[] = [];
  #inverse = false;
  #at: Point | null = null;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  down({ points, inverse }: ToolInput): void {
    if (this.#corners.length === 0) this.#inverse = inverse;
    this.#add(points[0]!);
    if (this.#corners.length === 1) this.#host.say("Polygon begun: Enter closes it, Escape drops it.");
    this.#host.redraw();
  }

  move({ points }: ToolInput, isPressed: boolean): void {
    this.#at = points.at(-1)!;
    if (isPressed && this.#corners.length > 0) { for (const point of points) this.#add(point); }
    this.#host.redraw();
  }

  up(): void {}

  cancel(): void {
    this.#corners = [];
    this.#host.redraw();
  }

  leave(): void {
    this.#at = null;
    this.#host.redraw();
  }

  double(): void {
    this.#close();
  }

  key(key: string): boolean {
    if (this.#corners.length === 0) return false;
    if (key === "Enter") this.#close();
    else if (key === "Escape") {
      this.cancel();
      this.#host.say("Polygon dropped.");
    } else if (key === "Backspace") {
      this.#corners.pop();
      this.#host.redraw();
    } else return false;
    return true;
  }

  shape(): ToolShape | null {
    if (this.#corners.length === 0) return null;
    return { kind: "polygon", corners: this.#at ? [...this.#corners, this.#at] : this.#corners };
  }

  /** Adds a corner unless it is where the last one is. */
  #add(point: Point): void {
    const last = this.#corners.at(-1);
    if (last !== undefined && Math.hypot(point.x - last.x, point.y - last.y) < FREE_STEP) return;
    if (this.#corners.length < MAX_CORNERS) this.#corners.push(point);
  }

  #close(): void {
    const { document, settings, classIndex } = this.#host;
    const corners = this.#corners;
    this.#corners = [];
    if (corners.length < 3) {
      this.#host.say("A polygon needs at least three corners.");
      this.#host.redraw();
      return;
    }
    const region = polygonRegion(document, corners);
    document.edit("Polygon", (edit) => {
      if (this.#inverse) edit.remove(settings.eraseAll ? null : classIndex, region);
      else edit.add(classIndex, region, settings.rule);
    });
    this.#host.redraw();
  }
}

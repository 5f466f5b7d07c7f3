/**
 * Brush and eraser. A stroke from down to up is one step of undo.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Point, strokeRegion } from "../model/brush.ts";
import type { Edit } from "../model/edit.ts";
import type { EditorTool, ToolHost, ToolInput, ToolShape } from "./tool.ts";

/** Paints or erases along the pointer's way. */
export class BrushTool implements EditorTool {
  readonly #host: ToolHost;
  readonly #erases: boolean;
  #stroke: { readonly edit: Edit; readonly erases: boolean; last: Point } | null = null;
  #at: Point | null = null;

  /** `erases` for the eraser. */
  constructor(host: ToolHost, erases: boolean) {
    this.#host = host;
    this.#erases = erases;
  }

  down({ points, inverse }: ToolInput): void {
    const erases = this.#erases !== inverse;
    const edit = this.#host.document.begin(erases ? "Eraser" : "Brush");
    this.#stroke = { edit, erases, last: points[0]! };
    this.#paint([points[0]!, ...points]);
  }

  move({ points }: ToolInput): void {
    this.#at = points.at(-1)!;
    if (this.#stroke !== null) this.#paint([this.#stroke.last, ...points]);
    this.#host.redraw();
  }

  up(): void {
    this.#stroke?.edit.end();
    this.#stroke = null;
  }

  cancel(): void {
    this.#stroke?.edit.cancel();
    this.#stroke = null;
  }

  leave(): void {
    this.#at = null;
    this.#host.redraw();
  }

  shape(): ToolShape | null {
    return this.#at && { kind: "disc", at: this.#at, diameter: this.#host.settings.brushSize };
  }

  #paint(points: readonly Point[]): void {
    const { document, settings, classIndex } = this.#host;
    const { edit, erases } = this.#stroke!;
    const region = strokeRegion(document, points, settings.brushSize);
    if (erases) edit.remove(settings.eraseAll ? null : classIndex, region);
    else edit.add(classIndex, region, settings.rule);
    this.#stroke!.last = points.at(-1)!;
    this.#at = this.#stroke!.last;
  }
}

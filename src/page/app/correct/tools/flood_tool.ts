/**
 * Floods what is connected to a pixel and similar to it. As long as nothing else is done, other thresholds replace what
 * the last click flooded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { holesOf } from "../model/components.ts";
import { floodRegion, rangeAround } from "../model/flood.ts";
import type { EditorTool, ToolHost, ToolInput, ToolShape } from "./tool.ts";

/** Floods by intensity or probability. */
export class FloodTool implements EditorTool {
  readonly #host: ToolHost;
  #last: { readonly input: ToolInput; readonly state: number } | null = null;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  down(input: ToolInput): void {
    this.#last = null;
    if (this.#flood(input)) this.#last = { input, state: this.#host.document.state };
  }

  /** Floods again from where it did last, if nothing was done since. */
  settingsChanged(): void {
    const { document } = this.#host;
    const last = this.#last;
    if (last === null || document.state !== last.state) return;
    document.undo();
    this.#last = this.#flood(last.input) ? { ...last, state: document.state } : null;
  }

  move(): void {}

  up(): void {}

  cancel(): void {}

  leave(): void {}

  shape(): ToolShape | null {
    return null;
  }

  /** Returns whether anything changed. */
  #flood({ points, inverse }: ToolInput): boolean {
    const { document, settings, classIndex } = this.#host;
    const { floodSource, connectivity } = settings;
    const values = this.#host.values(floodSource);
    if (values === null) {
      this.#host.say(
        floodSource === "image"
          ? "The image is not loaded yet."
          : "There is no prediction of this image to flood by.",
      );
      return false;
    }
    const at = points[0]!;
    const range = floodSource === "image"
      ? rangeAround(values, at, settings.tolerance)
      : { low: settings.leastProbability, high: Infinity };
    if (range === null) return false;
    const region = floodRegion(values, at, range, connectivity);
    if (settings.fillHoles) {
      const holes = holesOf(region);
      holes.eachSpan((y, from, to) => region.setSpan(y, from, to));
    }
    const pixels = region.count();
    if (pixels === 0) {
      this.#host.say("Nothing to flood here: the probability is below the threshold.");
      return false;
    }
    const changed = document.edit("Flood", (edit) => {
      if (inverse) edit.remove(settings.eraseAll ? null : classIndex, region);
      else edit.add(classIndex, region, settings.rule);
    });
    this.#host.say(`${pixels.toLocaleString("en-US")} pixels flooded.`);
    return changed;
  }
}

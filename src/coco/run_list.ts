/**
 * Run lengths from runs of ones, as COCO's RLE has them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Collects runs of ones in ascending order of their positions; adjacent ones become one. */
export class RunList {
  readonly #runs: number[] = [];
  #end = 0;

  /** Adds the ones from `start` up to, but without, `end`. */
  add(start: number, end: number): void {
    if (start === this.#end && this.#runs.length > 0) this.#runs[this.#runs.length - 1]! += end - start;
    else this.#runs.push(start - this.#end, end - start);
    this.#end = end;
  }

  /** The run lengths of a mask of `pixels` pixels, zeros first; nothing must be added afterwards. */
  finish(pixels: number): number[] {
    if (pixels > this.#end) this.#runs.push(pixels - this.#end);
    return this.#runs;
  }
}

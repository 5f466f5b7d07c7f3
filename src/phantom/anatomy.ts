/**
 * The healthy head of a phantom: an axial slice with scalp, skull, folded cortex, white matter, deep gray matter,
 * ventricles and the falx, in the gray values of three MRI sequences.
 *
 * Coordinates are relative to the head: u to the right, v to the back, the front of the scalp at about v = -1.
 * This module is browser compatible.
 *
 * @module
 */
import type { Look } from "./looks.ts";
import { noise2, noise3, type PhantomRandom, smoothStep } from "./noise.ts";
import { SEQUENCES, TISSUES, type Tissues, type TumorKind, TUMORS } from "./sequences.ts";

/** The radius of the brain, relative to that of the scalp. */
export const BRAIN_EDGE = 0.82;

/** A head of random shape, fixed by its constructor. */
export class Head {
  /** The tumors of its sequence or look. */
  readonly tumors: readonly TumorKind[];
  /** The gray values of its tissues. */
  readonly tissues: Tissues;
  readonly #seed: number;
  readonly #width: number;
  readonly #ventricles: number;
  readonly #folds: number;

  /** Draws a random head, of one of the sequences or of this look. */
  constructor(random: PhantomRandom, look?: Look) {
    // Drawn in any case: a look changes neither anatomy nor outlines.
    const sequence = random.pick(SEQUENCES);
    this.tumors = look?.tumors ?? TUMORS[sequence];
    const tissues = { ...look?.tissues ?? TISSUES[sequence] };
    for (const name of Object.keys(tissues) as (keyof Tissues)[]) tissues[name] *= random.between(0.9, 1.1);
    this.tissues = tissues;
    this.#seed = random.seed();
    this.#width = random.between(0.76, 0.9);
    // Slices above the ventricles do not show them.
    this.#ventricles = random.chance(0.2) ? 0 : random.between(0.7, 1.25);
    this.#folds = random.between(7, 9.5);
  }

  /** The relative radius of a point: 0 at the center, {@linkcode BRAIN_EDGE} at the brain's surface, 1 at the scalp's. */
  radius(u: number, v: number): number {
    const x = u / this.#width;
    const r = Math.sqrt(x * x + v * v);
    if (r === 0) return 0;
    return r * (1 + 0.05 * noise2(this.#seed, 1.4 * x / r, 1.4 * v / r));
  }

  /** The gray value of the healthy tissue at a point; `soft` is the width of an edge, about a pixel. */
  shade(u: number, v: number, soft: number): number {
    const radius = this.radius(u, v);
    if (radius > 1 + soft) return 0;
    const t = this.tissues;
    const angleX = u / this.#width / Math.max(radius, 1e-6);
    const angleY = v / Math.max(radius, 1e-6);
    const wobble = 0.012 * noise2(this.#seed + 1, 4 * angleX, 4 * angleY);
    const inside = (edge: number) => 1 - smoothStep(edge - soft, edge + soft, radius);

    let value = t.scalp * (0.9 + 0.12 * noise2(this.#seed + 2, 8 * u, 8 * v)) * inside(1);
    value = mix(value, t.skull, inside(0.94 + wobble));
    const marrow = inside(0.915 + wobble) * (1 - inside(0.89 + wobble));
    value = mix(value, t.marrow, marrow * (0.5 + 0.5 * noise2(this.#seed + 3, 9 * u, 9 * v)));
    value = mix(value, t.fluid, inside(0.855 + wobble));
    const brain = inside(BRAIN_EDGE + 0.5 * wobble);
    return brain === 0 ? value : mix(value, this.#brain(u, v, radius, angleX, angleY, soft), brain);
  }

  #brain(u: number, v: number, radius: number, angleX: number, angleY: number, soft: number): number {
    const t = this.tissues;
    const seed = this.#seed;
    const depth = BRAIN_EDGE - radius;

    // Sulci: zero crossings of a noise that varies mostly along the surface, each with its own depth.
    const bend = 0.5 * noise2(seed + 4, 6 * u, 6 * v);
    const fold = Math.abs(
      noise3(seed + 5, this.#folds * angleX + bend, this.#folds * angleY + bend, 5 * depth),
    );
    const reach = 0.24 + 0.1 * noise2(seed + 6, 3.1 * angleX, 3.1 * angleY);
    const open = 0.11 * (1 - depth / reach) + 0.02;
    const within = 1 - smoothStep(reach - 0.05, reach + 0.02, depth);
    const sulcus = within * (1 - smoothStep(open, open + 8 * soft, fold));
    const ribbon = within * (1 - smoothStep(open + 0.26, open + 0.42, fold));
    const surface = 1 - smoothStep(0.03, 0.06, depth);

    const side = Math.abs(u + 0.015 * noise2(seed + 7, 0, 5 * v));
    const medial = smoothStep(0.22, 0.34, Math.abs(v));
    const ganglia = 0.8 * this.#ganglia(side, v);
    const medialRibbon = medial * (1 - smoothStep(0.05, 0.08, side));
    let value = mix(t.white, t.gray, Math.max(ribbon, surface, medialRibbon, ganglia));
    value *= 1 + 0.05 * noise2(seed + 8, 11 * u, 11 * v) + 0.05 * noise2(seed + 9, 31 * u, 31 * v);
    value = mix(value, t.fluid, sulcus);
    value = mix(value, t.midline, medial * (1 - smoothStep(0.006, 0.006 + 1.5 * soft, side)));
    return mix(value, t.fluid, this.#ventricle(side, v, soft));
  }

  /** The basal ganglia next to the ventricles. */
  #ganglia(side: number, v: number): number {
    const a = (side - 0.3) / 0.1;
    const b = (v - 0.02) / 0.2;
    const c = (side - 0.1) / 0.08;
    const d = (v - 0.14) / 0.12;
    return Math.max(1 - smoothStep(0.7, 1.2, a * a + b * b), 1 - smoothStep(0.7, 1.2, c * c + d * d));
  }

  /** The lateral ventricles: two crescents that curve away from the midline at both ends. */
  #ventricle(side: number, v: number, soft: number): number {
    if (this.#ventricles === 0) return 0;
    const along = v / (0.34 * this.#ventricles);
    if (Math.abs(along) > 1.2) return 0;
    const center = 0.075 + 0.12 * along * along;
    const breadth = 0.055 * this.#ventricles * (1.25 + 0.5 * along);
    const across = (side - center) / breadth;
    const edge = soft / breadth;
    return 1 - smoothStep(1 - edge, 1 + edge, Math.sqrt(across * across + along * along));
  }
}

/** Linear interpolation from `a` to `b`. */
export function mix(a: number, b: number, share: number): number {
  return a + share * (b - a);
}

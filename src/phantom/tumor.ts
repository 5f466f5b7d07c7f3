/**
 * The tumors of a phantom: an irregular outline, the tissue inside and the edema around it.
 * This module is browser compatible.
 *
 * @module
 */
import { BRAIN_EDGE, type Head, mix } from "./anatomy.ts";
import { noise2, type PhantomRandom, smoothStep } from "./noise.ts";
import type { TumorKind } from "./sequences.ts";

/** Vertices of an outline. */
const CORNERS = 56;

/** Largest extent of the edema, relative to its mean. */
const RAGGED = 1.6;

/** One tumor, in head coordinates. */
export class Tumor {
  readonly #u: number;
  readonly #v: number;
  readonly #size: number;
  /** The largest distance of the outline from the center, with a margin: it bulges between its vertices. */
  readonly #reach: number;
  readonly #stretch: number;
  readonly #axis: readonly [x: number, y: number];
  readonly #seed: number;
  readonly #rim: number;
  readonly #core: number;
  readonly #rimWidth: number;
  readonly #edema: number;
  readonly #edemaReach: number;

  /** A tumor around (u, v) with a radius of about `size`, a random outline, and the appearance of one of the kinds. */
  constructor(random: PhantomRandom, kinds: readonly TumorKind[], u: number, v: number, size: number) {
    this.#u = u;
    this.#v = v;
    this.#size = size;
    this.#stretch = random.between(1, 1.7);
    this.#axis = direction(random.next());
    this.#seed = random.seed();
    const kind = pickKind(random, kinds);
    this.#rim = random.between(...kind.rim);
    this.#core = random.between(...kind.core);
    this.#rimWidth = random.between(0.3, 0.5);
    this.#edema = kind.edema;
    this.#edemaReach = random.chance(0.45) ? random.between(0.25, 0.6) : 0;
    const radii = Array.from({ length: CORNERS }, (_, i) => this.#radiusTowards(...direction(i / CORNERS)));
    this.#reach = 1.05 * Math.max(...radii);
  }

  /** Whether there is a gap between two tumors. */
  isApartFrom(other: Tumor): boolean {
    const du = this.#u - other.#u;
    const dv = this.#v - other.#v;
    return Math.sqrt(du * du + dv * dv) > 1.1 * (this.#reach + other.#reach);
  }

  /** Whether the whole outline lies within the brain. */
  isInside(head: Head): boolean {
    return this.outline().every(([u, v]) => head.radius(u, v) < BRAIN_EDGE - 0.02);
  }

  /** The vertices of the outline, once around. */
  outline(): [u: number, v: number][] {
    return Array.from({ length: CORNERS }, (_, i) => {
      const [x, y] = direction(i / CORNERS);
      const radius = this.#radiusTowards(x, y);
      return [this.#u + x * radius, this.#v + y * radius];
    });
  }

  /** The gray value with the tumor and its edema over healthy tissue of value `below`. */
  paint(below: number, u: number, v: number, soft: number, head: Head): number {
    const x = u - this.#u;
    const y = v - this.#v;
    const distance = Math.sqrt(x * x + y * y);
    if (distance > this.#reach * (1 + RAGGED * this.#edemaReach)) return below;
    const edge = distance === 0 ? this.#size : this.#radiusTowards(x / distance, y / distance);
    const place = distance / edge; // 1 on the outline
    let value = below;
    if (this.#edemaReach > 0) {
      const ragged = this.#edemaReach * (1 + (RAGGED - 1) * noise2(this.#seed + 3, 6 * u, 6 * v));
      // The edema ends at the surface of the brain.
      const brain = 1 - smoothStep(BRAIN_EDGE - 0.03, BRAIN_EDGE, head.radius(u, v));
      value = mix(value, this.#edema, 0.65 * brain * (1 - smoothStep(1 + 0.4 * ragged, 1 + ragged, place)));
    }
    const inner = 1 - this.#rimWidth * (1 + 0.45 * noise2(this.#seed + 4, 9 * u, 9 * v));
    const coreShare = 1 - smoothStep(inner - 0.12, inner + 0.04, place);
    const texture = 1 + 0.1 * noise2(this.#seed + 5, 13 * u, 13 * v) +
      0.06 * noise2(this.#seed + 6, 29 * u, 29 * v);
    const own = mix(this.#rim, this.#core, coreShare) * texture;
    const width = soft / edge;
    return mix(value, own, 1 - smoothStep(1 - width, 1 + width, place));
  }

  #radiusTowards(x: number, y: number): number {
    const along = this.#axis[0] * x + this.#axis[1] * y;
    const across = this.#axis[0] * y - this.#axis[1] * x;
    const oval = 1 / Math.sqrt(along * along / this.#stretch + across * across * this.#stretch);
    const ragged = 0.2 * noise2(this.#seed, 1.3 * x + 0.4, 1.3 * y + 0.3) +
      0.13 * noise2(this.#seed + 1, 2.7 * x + 0.2, 2.7 * y + 0.6) +
      0.05 * noise2(this.#seed + 2, 6.1 * x, 6.1 * y);
    return this.#size * oval * (1 + ragged);
  }
}

function pickKind(random: PhantomRandom, kinds: readonly TumorKind[]): TumorKind {
  let lot = random.next() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  return kinds.find(({ weight }) => (lot -= weight) < 0) ?? kinds[0] as TumorKind;
}

/** The unit vector at a share of the full circle, starting at the right: exact arithmetic, nearly even steps. */
function direction(share: number): [x: number, y: number] {
  const quarter = Math.floor(4 * share);
  const t = 4 * share - quarter;
  // A quarter of the circle by its rational parametrization; the quadratic term evens out the steps.
  const s = t * (0.8 + 0.2 * t);
  const x = (1 - s * s) / (1 + s * s);
  const y = 2 * s / (1 + s * s);
  return ([[x, y], [-y, x], [-x, -y], [y, -x]] as const)[quarter] as [number, number];
}

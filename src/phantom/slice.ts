/**
 * One phantom image: head, tumors, the scanner's bias field and noise.
 * This module is browser compatible.
 *
 * @module
 */
import type { GrayImage } from "../image/image.ts";
import { Head } from "./anatomy.ts";
import { type LookName, LOOKS } from "./looks.ts";
import { hashOf, PhantomRandom } from "./noise.ts";
import { Scanner } from "./scanner.ts";
import { Tumor } from "./tumor.ts";

/** An image and its ground truth. */
export interface PhantomSlice {
  /** The image. */
  readonly image: GrayImage;
  /** The outline of each tumor in pixels: x, y, x, y, ... as in COCO. */
  readonly outlines: readonly (readonly number[])[];
}

/** Share of images without a tumor. */
const EMPTY_SHARE = 0.12;

/** Attempts to place a tumor inside the brain and apart from the others. */
const PLACE_TRIES = 60;

/** Share of the image that the first tumor covers, and each further one. */
const FIRST_AREA = [0.018, 0.05] as const;
const FURTHER_AREA = [0.01, 0.018] as const;

/** Keeps the choice of a look apart from all other draws of a seed. */
const LOOK_DRAW = 0x6c6f6f6b;

/**
 * Draws the slice of a seed, `size` pixels wide and high, of one of three MRI sequences, with up to three tumors; about
 * one in eight slices has none. With looks, it has one of them, and the anatomy and outlines that it has without.
 */
export function drawPhantomSlice(seed: number, size: number, looks: readonly LookName[] = []): PhantomSlice {
  const random = new PhantomRandom(seed);
  const name = looks[hashOf(seed, LOOK_DRAW) % looks.length];
  const look = name && LOOKS[name];
  const head = new Head(random, look);
  const pose = new Pose(random, size, look?.edge);
  const tumors = placeTumors(random, head, pose);
  const data = new Uint8Array(size * size);
  const scanner = new Scanner(random, look?.scanner);
  for (let y = 0, i = 0; y < size; y++) {
    for (let x = 0; x < size; x++, i++) {
      const [u, v] = pose.toHead(x + 0.5, y + 0.5);
      let value = head.shade(u, v, pose.soft);
      for (const tumor of tumors) value = tumor.paint(value, u, v, pose.soft, head);
      data[i] = scanner.record(value, (x + 0.5) / size, (y + 0.5) / size, size);
    }
  }
  const outlines = tumors.map((tumor) =>
    tumor.outline().flatMap(([u, v]) => pose.toImage(u, v).map((value) => Math.round(value * 100) / 100))
  );
  return { image: { width: size, height: size, data }, outlines };
}

function placeTumors(random: PhantomRandom, head: Head, pose: Pose): Tumor[] {
  const tumors: Tumor[] = [];
  if (random.chance(EMPTY_SHARE)) return tumors;
  const wanted = random.pick([1, 1, 1, 1, 1, 2, 2, 3]);
  for (let i = 0; i < wanted; i++) {
    const [least, most] = i === 0 ? FIRST_AREA : FURTHER_AREA;
    const radius = pose.radiusOfArea(random.between(least, most));
    for (let tries = 0; tries < PLACE_TRIES; tries++) {
      const tumor = new Tumor(
        random,
        head.tumors,
        random.pick([-1, 1]) * random.between(0.12, 0.55),
        random.between(-0.7, 0.7),
        radius,
      );
      if (tumor.isInside(head) && tumors.every((other) => tumor.isApartFrom(other))) {
        tumors.push(tumor);
        break;
      }
    }
  }
  return tumors;
}

/** The pose of the head in the image: rotated, scaled and shifted. */
class Pose {
  /** The width of an edge in head coordinates: about a pixel, or `edge` pixels. */
  readonly soft: number;
  readonly #size: number;
  readonly #scale: number;
  readonly #x: number;
  readonly #y: number;
  readonly #cos: number;
  readonly #sin: number;

  constructor(random: PhantomRandom, size: number, edge = 1) {
    this.#size = size;
    this.#scale = size / 2 * random.between(0.84, 0.95);
    this.#x = size * (0.5 + random.between(-0.03, 0.03));
    this.#y = size * (0.5 + random.between(-0.02, 0.02));
    const half = random.between(-0.13, 0.13); // tangent of half the angle: up to 15 degrees
    this.#cos = (1 - half * half) / (1 + half * half);
    this.#sin = 2 * half / (1 + half * half);
    this.soft = edge / this.#scale;
  }

  toHead(x: number, y: number): [u: number, v: number] {
    const dx = (x - this.#x) / this.#scale;
    const dy = (y - this.#y) / this.#scale;
    return [this.#cos * dx + this.#sin * dy, this.#cos * dy - this.#sin * dx];
  }

  toImage(u: number, v: number): [x: number, y: number] {
    return [
      this.#x + this.#scale * (this.#cos * u - this.#sin * v),
      this.#y + this.#scale * (this.#sin * u + this.#cos * v),
    ];
  }

  /** The radius, in head coordinates, of a disc that covers a share of the image. */
  radiusOfArea(share: number): number {
    return Math.sqrt(share / 3.141592653589793) * this.#size / this.#scale;
  }
}

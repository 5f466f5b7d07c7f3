/**
 * Where training reads patches of whole images: anywhere, and one third of them around foreground, classes in turn. A
 * place depends on seed, epoch and the number of the draw only, so that a resumed run repeats it.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { BACKGROUND, classesOf, IGNORE, type LabelMap, type LabelScheme } from "../image/label_map.ts";
import { draw, STREAMS } from "../random.ts";
import type { PatchWindow } from "./whole_record.ts";

/** Some pixels of each label but background and ignored, as indices in row-major order. */
export type LabelPositions = Readonly<Record<string, readonly number[]>>;

/** Most pixels that are kept of a label. */
const MOST_POSITIONS = 128;

/** Of so many draws the last is around foreground. */
const FOREGROUND_EVERY = 3;

/** A pixel that is chosen lies at most this share of a patch from its center. */
const OFF_CENTER = 1 / 3;

/** What a patch is drawn by. */
export interface PatchDraw {
  /** The run's seed. */
  readonly seed: number;
  /** The epoch. */
  readonly epoch: number;
  /** The number of the draw within the epoch. */
  readonly place: number;
}

/** Pixels of each label, spread evenly over all of its pixels. */
export function labelPositions({ data }: Pick<LabelMap, "data">): LabelPositions {
  const counts = new Uint32Array(256);
  for (const label of data) counts[label]!++;
  const seen = new Uint32Array(256);
  const positions: Record<string, number[]> = {};
  data.forEach((label, at) => {
    if (label === BACKGROUND || label === IGNORE) return;
    const step = Math.max(1, counts[label]! / MOST_POSITIONS);
    const list = positions[label] ??= [];
    // The middle of each of equal parts.
    if (list.length < MOST_POSITIONS && seen[label]! >= Math.floor((list.length + 0.5) * step)) list.push(at);
    seen[label]!++;
  });
  return positions;
}

/** Patches per epoch of an image: as many as cover it. */
export function patchesOf({ width, height }: Size, side: number): number {
  return Math.max(1, Math.ceil(width * height / side ** 2));
}

/** Whether a draw is around foreground, if its image has any. */
export function isAroundForeground({ place }: Pick<PatchDraw, "place">): boolean {
  return place % FOREGROUND_EVERY === FOREGROUND_EVERY - 1;
}

/** Where a patch of `side` pixels lies: within the image, or, if that is smaller, around its center. */
export function choosePatch(
  drawn: PatchDraw,
  image: Size,
  positions: LabelPositions,
  scheme: LabelScheme,
  side: number,
): PatchWindow {
  const { seed, epoch, place } = drawn;
  const chance = (kind: number) => draw(place, epoch, seed, STREAMS.patches + kind) / 2 ** 32;
  const chosen = isAroundForeground(drawn) ? foregroundOf(drawn, positions, scheme) : [];
  const pixel = chosen[Math.floor(chance(0) * chosen.length)];
  const along = (extent: number, kind: number, center: number | undefined) => {
    const room = extent - side;
    if (room <= 0) return Math.ceil(room / 2);
    if (center === undefined) return Math.floor(chance(kind) * (room + 1));
    const off = (2 * chance(kind) - 1) * OFF_CENTER * side;
    return Math.max(0, Math.min(room, Math.round(center - side / 2 + off)));
  };
  return {
    x: along(image.width, 1, pixel === undefined ? undefined : pixel % image.width),
    y: along(image.height, 2, pixel === undefined ? undefined : Math.floor(pixel / image.width)),
    width: side,
    height: side,
  };
}

/** The pixels of the class whose turn it is, or of the next one that the image has; none without foreground. */
function foregroundOf(
  { place }: PatchDraw,
  positions: LabelPositions,
  scheme: LabelScheme,
): readonly number[] {
  const { classCount = 1 } = scheme;
  const turn = Math.floor(place / FOREGROUND_EVERY) % classCount;
  for (let step = 0; step < classCount; step++) {
    const wanted = (turn + step) % classCount + 1;
    const found = Object.entries(positions)
      .filter(([label]) => classesOf(scheme, Number(label)).includes(wanted))
      .flatMap(([, pixels]) => pixels);
    if (found.length > 0) return found;
  }
  return [];
}

/** A patch with what lies around it, for augmentation. */
export function withMargin({ x, y, width, height }: PatchWindow, source: Size): PatchWindow {
  return {
    x: x - (source.width - width) / 2,
    y: y - (source.height - height) / 2,
    width: source.width,
    height: source.height,
  };
}

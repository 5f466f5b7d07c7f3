/**
 * Rules of `--recipe auto` for the input and the network: which sizes or patches show the objects of a dataset, and in
 * which order networks for them are tried. Pure.
 *
 * @module
 */
import { DEPTHS } from "../../unet/config.ts";
import { SCALES } from "../../unet/model_extents.ts";
import type { BudgetChoice, BudgetForm, BudgetNetwork } from "../budget_choice.ts";
import type { TrainConfig } from "../train_config.ts";
import type { DatasetProfile } from "./profile.ts";

/** How images should come to the network if time and memory allow. */
export interface WantedInput {
  /** Side of a square with as many pixels as the input of whole images. */
  readonly side: number;
  /** Width by height of that input. */
  readonly aspect: number;
  /** Whether whole images keep their proportions by padding. */
  readonly pad: boolean;
  /** Why these proportions. */
  readonly fit: string;
  /** The resolution of patches relative to the images' own; null if whole images show all. */
  readonly scale: number | null;
  /** Diameter of the smallest class's objects, relative to the image's side; null if there are none. */
  readonly share: number | null;
}

/** Inputs are multiples of this, whatever the depth of the network. */
const STEP = 32;

/** Diameter in pixels of the input that the objects of the smallest class should have. */
const OBJECT_PIXELS = 40;

/** Sides of whole images. Beyond the largest, patches show objects that would be smaller than `patched` pixels. */
const SIDES = { least: 128, most: 512, patched: 12, unknown: 256 } as const;

/** Patches, the diameter of their objects, and by how much less that may be if time is short. */
const PATCHES = { sides: [256, 192, 128], object: 16, coarser: [Math.SQRT1_2, 1 / 2] } as const;

/** Inputs of a smaller side, or with smaller objects, are the last resort; those whose objects cannot be seen are none. */
const LEAST = { side: 64, object: 8, seen: 4 } as const;

/** Proportions up to which images are stretched to a square, and differences between images that need padding. */
const PROPORTIONS = { square: 1.5, alike: 1.6, padded: 2.5 } as const;

/** Filters that are tried for an input, the most preferred first. */
const FILTERS = [32, 24, 16, 8] as const;

/** Below this share of the wanted side, 8 filters are preferred to more filters. */
const NARROW = 0.7;

/**
 * The deepest maps should have this many pixels per side at least, and more for depths beyond the original's: a level more
 * quadruples the parameters, which only large inputs repay.
 */
const DEEPEST = { usual: 2, deeper: 8 } as const;

/** How images should come to the network. */
export function wantInput({ sizes, objects }: Pick<DatasetProfile, "sizes" | "objects">): WantedInput {
  const proportioned = proportions(sizes);
  const own = sideOf(sizes);
  const ceiling = multiple(Math.min(SIDES.most, own), Math.ceil);
  if (objects === null) {
    return { side: Math.min(ceiling, SIDES.unknown), ...proportioned, scale: null, share: null };
  }
  const share = objects.smallestClass;
  if (share * SIDES.most < SIDES.patched && own > SIDES.most) {
    const scale = Math.min(1, Number((PATCHES.object / (share * own)).toPrecision(2)));
    return { side: SIDES.most, ...proportioned, scale: Math.max(SCALES.least, scale), share };
  }
  const wanted = Math.max(SIDES.least, multiple(OBJECT_PIXELS / share, Math.ceil));
  return { side: Math.min(ceiling, wanted), ...proportioned, scale: null, share };
}

/** Side of the smallest square that shows the objects. */
export function leastSide({ side, share }: Pick<WantedInput, "side" | "share">): number {
  if (share === null) return Math.min(side, LEAST.side);
  return Math.min(side, Math.max(LEAST.side, multiple(LEAST.object / share, Math.round)));
}

function sideOf({ width, height }: DatasetProfile["sizes"]): number {
  return Math.sqrt(width.median * height.median);
}

/** Why an input was chosen. */
export function inputReason(
  { sizes, objects, classes }: Pick<DatasetProfile, "sizes" | "objects" | "classes">,
  { size, height = size, patch, scale = 1, filters }: BudgetNetwork,
): string {
  const { side, scale: patches, share } = wantInput({ sizes, objects });
  if (share === null) {
    return "nothing is foreground in the images that were looked at: at most 256 px, or their own size";
  }
  const what = classes > 1 ? "the smallest class's objects" : "objects";
  const percent = `${what} are as wide as ${(100 * share).toPrecision(2)} % of the image's side`;
  const whole = (root: number) => `${Math.round(share * root)} px`;
  if (patch !== undefined) {
    return `${percent}, ${
      Math.round(share * sideOf(sizes) * scale)
    } px in patches at this scale; whole images of ${SIDES.most} px would show them with ${
      whole(SIDES.most)
    }`;
  }
  const root = Math.sqrt(size * height);
  if (patches !== null) {
    return `${percent}, ${
      whole(root)
    } here; too few epochs of patches, which would show more, fit into the budget`;
  }
  const less = root < 0.9 * side
    ? `; too few epochs of ${side} px (${whole(side)}) fit into the budget, even with ${filters} filters`
    : "";
  return `${percent}, ${whole(root)} here${less}`;
}

function proportions({ aspect, aspectRange }: DatasetProfile["sizes"]) {
  const words = Math.abs(aspect - 1) < 0.05
    ? "as wide as high"
    : aspect >= 1
    ? `${ratio(aspect)} as wide as high`
    : `${ratio(1 / aspect)} as high as wide`;
  if (aspectRange > PROPORTIONS.padded) {
    return {
      aspect: 1,
      pad: true,
      fit: `proportions of images differ by ${ratio(aspectRange)}: padding keeps them`,
    };
  }
  if (Math.max(aspect, 1 / aspect) <= PROPORTIONS.square || aspectRange > PROPORTIONS.alike) {
    const fit = aspect === 1 && aspectRange === 1
      ? "images are squares"
      : aspectRange > PROPORTIONS.alike
      ? `most images are ${words}, others are not: a square is a compromise`
      : `images are ${words}, close enough to a square`;
    return { aspect: 1, pad: false, fit };
  }
  return { aspect, pad: false, fit: `images are ${words}: the input has nearly the same proportions` };
}

function ratio(value: number): string {
  return `${value.toFixed(1)} times`;
}

function multiple(pixels: number, round: (value: number) => number): number {
  return Math.max(STEP, STEP * round(pixels / STEP));
}

/** Depth of the network for an input: the original's, unless that leaves too few pixels, or enough for more. */
export function depthFor(size: number, height = size): number {
  const { least, default: usual, most } = DEPTHS;
  const levels = (pixels: number) => Math.floor(Math.log2(Math.min(size, height) / pixels));
  const wanted = Math.max(Math.min(usual, levels(DEEPEST.usual)), levels(DEEPEST.deeper));
  let depth = Math.max(least, Math.min(most, wanted));
  while (depth > least && (size % 2 ** depth !== 0 || height % 2 ** depth !== 0)) depth--;
  return depth;
}

/** The settings that fix a network and its input. */
type Given = Partial<Pick<TrainConfig, "filters" | "size" | "height" | "fit" | "depth" | "patch" | "scale">>;

/**
 * Networks and inputs by preference: the wanted input with many filters first, then fewer filters and fewer pixels
 * for less time. Given settings are kept.
 */
export function inputLadder(wanted: WantedInput, given: Given): BudgetNetwork[] {
  const ladder: BudgetNetwork[] = [];
  const add = (filters: number, input: Omit<BudgetNetwork, "filters">) => {
    const { height, patch, size, ...rest } = input;
    const depth = given.depth ?? depthFor(size, height);
    const step = 2 ** depth;
    if (size % step !== 0 || (height ?? size) % step !== 0) return;
    ladder.push({
      filters: given.filters ?? filters,
      size,
      ...(height === undefined || height === size ? {} : { height }),
      ...(depth === DEPTHS.default ? {} : { depth }),
      ...(patch === undefined ? {} : { patch }),
      ...rest,
    });
  };
  const isSized = given.size !== undefined || given.patch !== undefined;
  if (isSized) {
    const { size = given.patch!, height, patch, scale } = given;
    const input = { size, ...formOf({ height, patch, scale }) };
    for (const filters of [...FILTERS, 4]) add(filters, input);
  } else {
    const { side, aspect, share } = wanted;
    if (wanted.scale !== null && given.fit === undefined) {
      const scale = given.scale ?? wanted.scale;
      for (const filters of [32, 16, 8]) add(filters, patchOf(PATCHES.sides[0], scale));
      for (const patch of PATCHES.sides) add(8, patchOf(patch, scale));
      for (const factor of given.scale === undefined ? PATCHES.coarser : []) {
        add(8, patchOf(PATCHES.sides.at(-1)!, Number((scale * factor).toPrecision(2))));
      }
    }
    const all = sidesFrom(side);
    const shown = all.filter((each) => share === null || share * each >= LEAST.seen);
    for (const each of shown.length > 0 ? shown : all.slice(0, 1)) {
      for (const filters of each >= NARROW * side ? FILTERS : each > 64 ? [8] : [8, 4]) {
        add(filters, extentsFor(each, aspect));
      }
    }
  }
  const unique = new Map(ladder.map((each) => [JSON.stringify(each), each]));
  const isPatch = ({ patch }: BudgetNetwork) => Number(patch !== undefined);
  return [...unique.values()].sort((a, b) => isPatch(b) - isPatch(a) || costOf(b) - costOf(a));
}

function formOf(
  { height, patch, scale }: { [Name in "height" | "patch" | "scale"]?: number | undefined },
): BudgetForm {
  return {
    ...(height === undefined ? {} : { height }),
    ...(patch === undefined ? {} : { patch }),
    ...(scale === undefined || scale === 1 ? {} : { scale }),
  };
}

function patchOf(patch: number, scale: number): Omit<BudgetNetwork, "filters"> {
  return { size: patch, ...formOf({ patch, scale: Math.max(SCALES.least, scale) }) };
}

/** From the wanted side down, each step at most a third less. */
function sidesFrom(side: number): number[] {
  const sides = [side];
  for (let each = side; each > STEP;) {
    sides.push(each = Math.min(each - STEP, multiple(each * 0.75, Math.round)));
  }
  return sides;
}

/** An input with as many pixels as a square of this side. */
function extentsFor(side: number, aspect: number): Omit<BudgetNetwork, "filters"> {
  if (aspect === 1) return { size: side };
  const root = Math.sqrt(aspect);
  return { size: multiple(side * root, Math.round), height: multiple(side / root, Math.round) };
}

/** The time of a step grows with the filters to this power, and with the pixels. */
const FILTER_POWER = 1.4;

function costOf({ filters, size, height = size }: BudgetNetwork): number {
  return filters ** FILTER_POWER * size * height;
}

/** Patches that an epoch trains on, and as many as validation by overlapping windows costs. */
export function patchesPerEpoch(
  { images, sizes }: Pick<DatasetProfile, "images" | "sizes">,
  { size, scale = 1 }: BudgetNetwork,
): BudgetChoice["images"] {
  const each = Math.max(1, Math.ceil(sizes.pixels * scale ** 2 / size ** 2));
  return { train: images.train * each, valid: images.valid * (each === 1 ? 1 : 4 * each) };
}

/**
 * What a label map says of the size, the number and the places of its objects. Pure.
 *
 * @module
 */
import { labelComponents } from "../../image/components.ts";
import { BACKGROUND, classesOf, IGNORE, type LabelMap } from "../../image/label_map.ts";

/** The facts of an image's annotations. */
export interface LabelFacts {
  /** Share of foreground among the pixels that are not ignored. */
  readonly share: number;
  /** The image's side in pixels: the root of its area. */
  readonly side: number;
  /** Connected parts of the foreground, or its annotations if these are more. */
  readonly objects: number;
  /** The classes that it shows. */
  readonly classes: readonly ClassFacts[];
}

/** A class in an image. */
export interface ClassFacts {
  /** Its label, from 1. */
  readonly label: number;
  /** Diameter of its objects in pixels. */
  readonly diameter: number;
  /** Share of each cell of a grid over the image, row-major. */
  readonly cells: Float32Array;
}

/** Cells per side of the grid. */
const GRID = 16;

/** Label maps of more pixels are not searched for connected parts: their annotations are counted. */
const MOST_PIXELS = 2 ** 22;

/** A disk of diameter `d` has `4 d` edges of pixels at its outline, and an area of `pi d^2 / 4`. */
const DISK = 16 / Math.PI;

/** Fewest images that show whether places recur, and how much more often than by chance they must. */
const PLACES = { images: 8, concentration: 1.5 } as const;

/** Measures a label map with so many annotations. */
export function labelFacts(map: LabelMap, annotations: number): LabelFacts {
  const { width, height, data } = map;
  const areas = new Float64Array(256);
  const edges = new Float64Array(256);
  const places = new Map<number, Float32Array>();
  const rows = Float32Array.from({ length: GRID }, (_, row) => cellLength(row, height));
  const columns = Float32Array.from({ length: GRID }, (_, column) => cellLength(column, width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = GRID * Math.floor(y * GRID / height);
    for (let x = 0; x < width; x++, at++) {
      const label = data[at]!;
      areas[label]!++;
      if (x + 1 < width) countEdge(edges, label, data[at + 1]!);
      if (y + 1 < height) countEdge(edges, label, data[at + width]!);
      if (label === BACKGROUND || label === IGNORE) continue;
      let cells = places.get(label);
      if (!cells) places.set(label, cells = new Float32Array(GRID * GRID));
      cells[row + Math.floor(x * GRID / width)]!++;
    }
  }
  const pixels = data.length - areas[IGNORE]!;
  const foreground = pixels - areas[BACKGROUND]!;
  const shown = new Set([...places.keys()].flatMap((label) => classesOf(map, label)));
  return {
    share: foreground / Math.max(1, pixels),
    side: Math.sqrt(width * height),
    objects: foreground === 0 ? 0 : Math.max(1, annotations, partsOf(map)),
    classes: [...shown].sort((a, b) => a - b).map((label) => {
      const cells = new Float32Array(GRID * GRID);
      let [area, outline] = [0, 0];
      for (const [own, counts] of places) {
        if (!classesOf(map, own).includes(label)) continue;
        area += areas[own]!;
        outline += edges[own]!;
        counts.forEach((count, cell) =>
          cells[cell]! += count / (rows[Math.floor(cell / GRID)]! * columns[cell % GRID]!)
        );
      }
      return { label, diameter: diameterOf(area, outline), cells };
    }),
  };
}

/** Pixels per cell along a side; at least one, where cells are smaller than pixels. */
function cellLength(cell: number, length: number): number {
  return Math.max(1, Math.ceil((cell + 1) * length / GRID) - Math.ceil(cell * length / GRID));
}

/** Edges between two labels count for both; those at the image's border for none. */
function countEdge(edges: Float64Array, one: number, other: number): void {
  if (one === other) return;
  edges[one]!++;
  edges[other]!++;
}

/** Something that fills the image has its side. */
function diameterOf(area: number, outline: number): number {
  const side = Math.sqrt(area);
  return outline === 0 ? side : Math.min(2 * side, DISK * area / outline);
}

function partsOf(map: LabelMap): number {
  const { width, height, data } = map;
  if (data.length > MOST_PIXELS) return 0;
  const foreground = data.map((label) => label === BACKGROUND || label === IGNORE ? 0 : 1);
  return labelComponents({ width, height, data: foreground }).lesions.length;
}

/**
 * How often mirrored structures lie where others of their class do, relative to structures that are not mirrored; the
 * least over classes. Null if no class keeps to its places, or too few images show it.
 */
export function mirrorRatios(
  images: readonly Pick<LabelFacts, "classes">[],
  classes: number,
): { horizontal: number; vertical: number } | null {
  const found = Array.from(
    { length: classes },
    (_, at) =>
      mirrorsOf(images.flatMap((image) => image.classes.find(({ label }) => label === at + 1)?.cells ?? [])),
  );
  const known = found.filter((each) => each !== null);
  if (known.length === 0) return null;
  const least = (values: number[]) => Number(Math.min(...values).toPrecision(4));
  return {
    horizontal: least(known.map(([horizontal]) => horizontal)),
    vertical: least(known.map(([, vertical]) => vertical)),
  };
}

function mirrorsOf(images: readonly Float32Array[]): [horizontal: number, vertical: number] | null {
  if (images.length < PLACES.images) return null;
  const sum = new Float64Array(GRID * GRID);
  for (const cells of images) cells.forEach((value, cell) => sum[cell]! += value);
  const places = {
    same: (cell: number) => cell,
    horizontal: (cell: number) => cell - cell % GRID + GRID - 1 - cell % GRID,
    vertical: (cell: number) => (GRID - 1 - Math.floor(cell / GRID)) * GRID + cell % GRID,
  };
  // Of all pairs of different images.
  const common = (place: (cell: number) => number) =>
    product(sum, place) - images.reduce((all, cells) => all + product(cells, place), 0);
  const pairs = images.length * (images.length - 1);
  const mean = sum.reduce((all, value) => all + value, 0) / images.length / sum.length;
  const same = common(places.same);
  const byChance = pairs * mean ** 2 * sum.length;
  if (same < PLACES.concentration * byChance) return null;
  return [common(places.horizontal) / same, common(places.vertical) / same];
}

function product(cells: Float32Array | Float64Array, place: (cell: number) => number): number {
  let all = 0;
  for (let cell = 0; cell < cells.length; cell++) all += cells[cell]! * cells[place(cell)]!;
  return all;
}

/**
 * The JSON files of labelme: one per image, with shapes in pixels.
 *
 * @module
 */
import { isEntry } from "../../coco/coco_images.ts";
import { fillPolygon, MAX_COORDINATE, MAX_CROSSINGS } from "../../coco/polygon.ts";
import { showValue } from "../../coco/problems.ts";
import type { Size } from "../../image/image.ts";
import { createMask, type Mask } from "../../image/mask.ts";

/** A shape of a file that has an area. */
export interface LabelmeShape {
  /** Its label. */
  readonly label: string;
  /** Its outline: x, y, x, y, ... in pixels; null for a mask. */
  readonly points: readonly number[] | null;
  /** A mask's PNG, and the pixel of the image where its first pixel lies. */
  readonly mask: { readonly png: Uint8Array; readonly left: number; readonly top: number } | null;
}

/** What a file says of its image. */
export interface LabelmeFile {
  /** Its shapes, in their order. */
  readonly shapes: readonly LabelmeShape[];
  /** Kinds of its shapes that have no area, such as `point`: they mark something without saying which pixels. */
  readonly withoutArea: readonly string[];
  /** The path of its image as it is written, or null. */
  readonly imagePath: string | null;
  /** The image itself as base64, or null. */
  readonly imageData: string | null;
  /** The size that the shapes are drawn in, or null if it is not said. */
  readonly size: Size | null;
}

/** Whether a JSON value is a file of labelme. */
export function isLabelme(root: unknown): root is { readonly [key: string]: unknown } {
  return isEntry(root) && Array.isArray(root.shapes) &&
    ["imagePath", "imageData", "imageHeight"].some((key) => key in root);
}

/** Reads the value of a file. Throws a TypeError or RangeError for a shape that cannot be drawn. */
export function readLabelme(root: { readonly [key: string]: unknown }): LabelmeFile {
  const { imagePath, imageData, imageWidth, imageHeight } = root;
  const shapes: LabelmeShape[] = [];
  const withoutArea = new Set<string>();
  for (const [at, shape] of (root.shapes as readonly unknown[]).entries()) {
    const name = `shape ${at + 1}`;
    if (!isEntry(shape) || typeof shape.label !== "string") throw new TypeError(`${name} has no label`);
    const read = readShape(shape, name);
    if (typeof read === "string") withoutArea.add(read);
    else shapes.push({ label: shape.label, points: null, mask: null, ...read });
  }
  const isSize = Number.isInteger(imageWidth) && Number.isInteger(imageHeight);
  return {
    shapes,
    withoutArea: [...withoutArea],
    imagePath: typeof imagePath === "string" && imagePath !== "" ? imagePath : null,
    imageData: typeof imageData === "string" && imageData !== "" ? imageData : null,
    size: isSize ? { width: imageWidth as number, height: imageHeight as number } : null,
  };
}

/** Draws a shape; `decodePng` is only called for masks. Throws a RangeError if it leaves an image of this size. */
export async function drawShape(
  { points, mask }: LabelmeShape,
  size: Size,
  decodePng: (png: Uint8Array) => Promise<Mask>,
): Promise<Mask> {
  const drawn = createMask(size);
  if (points !== null) {
    if (points.length / 2 * size.width > MAX_CROSSINGS) {
      throw new RangeError("an outline has too many points");
    }
    fillPolygon(drawn, points);
  } else {
    const { width, height, data } = await decodePng(mask!.png);
    const { left, top } = mask!;
    if (left < 0 || top < 0 || left + width > size.width || top + height > size.height) {
      throw new RangeError(
        `a mask of ${width} x ${height} at ${left}, ${top} leaves the image of ${size.width} x ${size.height}`,
      );
    }
    for (let y = 0; y < height; y++) {
      drawn.data.set(data.subarray(y * width, (y + 1) * width), (top + y) * size.width + left);
    }
  }
  return drawn;
}

/** A shape's form, or its kind if it has no area. */
function readShape(
  shape: { readonly [key: string]: unknown },
  name: string,
): Partial<LabelmeShape> | string {
  const kind = shape.shape_type ?? "polygon"; // files of the first versions do not say it
  if (typeof kind !== "string") throw new TypeError(`the kind of ${name} is ${showValue(kind)}`);
  if (["point", "points", "line", "linestrip"].includes(kind)) return kind;
  const points = readPoints(shape.points, name);
  const count = points.length / 2;
  switch (kind) {
    case "polygon":
      if (count < 3) throw new RangeError(`${name}, a polygon, has ${count} points, expected at least 3`);
      return { points };
    case "rectangle": {
      if (count === 4) return { points };
      if (count !== 2) throw new RangeError(`${name}, a rectangle, has ${count} points, expected 2`);
      const [x0, y0, x1, y1] = points as [number, number, number, number];
      return { points: [x0, y0, x1, y0, x1, y1, x0, y1] };
    }
    case "circle":
      if (count !== 2) throw new RangeError(`${name}, a circle, has ${count} points, expected 2`);
      return { points: circlePoints(points as [number, number, number, number]) };
    case "mask": {
      if (count < 1) throw new RangeError(`${name}, a mask, has no points`);
      if (typeof shape.mask !== "string") throw new TypeError(`${name} has no mask`);
      const [left, top] = points.map(Math.round) as [number, number];
      return { mask: { png: decodeBase64(shape.mask, `the mask of ${name}`), left, top } };
    }
    default:
      throw new TypeError(`${name} is of the unknown kind ${showValue(kind)}`);
  }
}

function readPoints(points: unknown, name: string): number[] {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length === 2 &&
    point.every((value) => typeof value === "number" && Math.abs(value) <= MAX_COORDINATE);
  if (!Array.isArray(points) || !points.every(isPoint)) {
    throw new TypeError(
      `the points of ${name} are ${showValue(points)}, expected pairs of numbers in pixels`,
    );
  }
  return points.flat();
}

/** Most points that a circle is drawn with. */
const MAX_CIRCLE_POINTS = 4096;

/** A circle by its center and a point on it, as an outline that leaves it by less than a hundredth of a pixel. */
function circlePoints([x, y, u, v]: readonly [number, number, number, number]): number[] {
  const radius = Math.hypot(u - x, v - y);
  const count = Math.min(MAX_CIRCLE_POINTS, Math.max(16, Math.ceil(Math.PI * Math.sqrt(50 * radius))));
  return Array.from({ length: count }, (_, i) => {
    const angle = 2 * Math.PI * i / count;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  }).flat();
}

/** The bytes of base64. Throws a SyntaxError if it is not. */
export function decodeBase64(text: string, name: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(text.replace(/^data:[^,]{0,100},/, ""));
  } catch (error) {
    throw new SyntaxError(`${name} is not base64`, { cause: error });
  }
}

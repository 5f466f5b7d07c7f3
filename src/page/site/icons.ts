/**
 * The icons of the site: a slice with an outlined region, drawn from the same ellipses as SVG and as PNG.
 *
 * @module
 */
import type { Color } from "../../image/draw.ts";
import { encodeRgbPng } from "../../image/encode.ts";
import { colorToHex } from "../../image/palette.ts";

/** An ellipse in units of the icon's side. */
interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly color: Color;
}

const BACKGROUND: Color = [11, 38, 61];

/** From back to front; within the circle of 80 % that masks of phones leave. */
const ELLIPSES: readonly Ellipse[] = [
  { x: 0.5, y: 0.5, rx: 0.3, ry: 0.37, color: [205, 216, 226] },
  { x: 0.5, y: 0.5, rx: 0.26, ry: 0.33, color: [84, 104, 122] },
  { x: 0.45, y: 0.47, rx: 0.035, ry: 0.13, color: [38, 56, 74] },
  { x: 0.55, y: 0.47, rx: 0.035, ry: 0.13, color: [38, 56, 74] },
  { x: 0.6, y: 0.6, rx: 0.115, ry: 0.095, color: [255, 255, 255] },
  { x: 0.6, y: 0.6, rx: 0.09, ry: 0.07, color: [230, 159, 0] },
];

/** Samples per pixel and side: smooth edges. */
const SAMPLES = 4;

/** The sides of the PNGs. */
const SIDES = [192, 512];

/** An icon of the manifest. */
export interface Icon {
  /** The name of its file. */
  readonly name: string;
  /** `192x192`, or `any`. */
  readonly sizes: string;
  /** The media type. */
  readonly type: string;
  /** Its file. */
  readonly content: Uint8Array;
}

/** All icons; each has a full background, so that any mask may be laid over it. */
export async function drawIcons(): Promise<Icon[]> {
  const svg = new TextEncoder().encode(iconSvg());
  const icons: Icon[] = [{ name: "icon.svg", sizes: "any", type: "image/svg+xml", content: svg }];
  for (const side of SIDES) {
    const content = await encodeRgbPng({ width: side, height: side, data: rasterize(side) });
    icons.push({ name: `icon-${side}.png`, sizes: `${side}x${side}`, type: "image/png", content });
  }
  return icons;
}

function iconSvg(): string {
  const unit = (value: number) => Number((100 * value).toFixed(2));
  const shapes = ELLIPSES.map(({ x, y, rx, ry, color }) =>
    `<ellipse cx="${unit(x)}" cy="${unit(y)}" rx="${unit(rx)}" ry="${unit(ry)}" fill="${colorToHex(color)}"/>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">` +
    `<rect width="100" height="100" fill="${colorToHex(BACKGROUND)}"/>${shapes.join("")}</svg>\n`;
}

function rasterize(side: number): Uint8Array {
  const data = new Uint8Array(3 * side * side);
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at += 3) data.set(pixel(x, y, side), at);
  }
  return data;
}

/** The color of a pixel: the mean of its samples where an edge may cross it. */
function pixel(x: number, y: number, side: number): Color {
  const corner = colorAt(x / side, y / side);
  const isFlat = [[1, 0], [0, 1], [1, 1]].every(([dx, dy]) =>
    colorAt((x + dx!) / side, (y + dy!) / side) === corner
  );
  if (isFlat) return corner;
  const sum = [0, 0, 0];
  for (let sample = 0; sample < SAMPLES ** 2; sample++) {
    const u = (x + (sample % SAMPLES + 0.5) / SAMPLES) / side;
    const v = (y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / side;
    colorAt(u, v).forEach((value, channel) => sum[channel]! += value);
  }
  const [red, green, blue] = sum.map((value) => Math.round(value / SAMPLES ** 2));
  return [red!, green!, blue!];
}

function colorAt(u: number, v: number): Color {
  const covers = ({ x, y, rx, ry }: Ellipse) => ((u - x) / rx) ** 2 + ((v - y) / ry) ** 2 <= 1;
  return ELLIPSES.findLast(covers)?.color ?? BACKGROUND;
}

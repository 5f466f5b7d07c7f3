/**
 * One color per class: distinct with any kind of color vision, and visible on gray images.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Color } from "./draw.ts";

/**
 * Orange to reddish purple are those of Okabe and Ito, Color Universal Design (2008), without black. Each of the
 * others is as far as possible from all before it and from grays: the least difference in CIELAB, with normal color
 * vision, protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009).
 */
const PALETTE: readonly Color[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
  [135, 0, 240],
  [180, 240, 135],
  [105, 255, 195],
  [120, 90, 45],
  [150, 120, 255],
  [165, 165, 90],
  [180, 15, 120],
  [105, 75, 210],
  [255, 195, 240],
];

/** Classes with a color that is distinct from all others with any color vision. */
export const DISTINCT_COLORS: number = PALETTE.length;

/** Pixels that count in nothing: a gray that no class has. */
export const IGNORE_COLOR: Color = [150, 150, 150];

/**
 * Predicted and annotated, annotated only, predicted only: one legend for every map of errors. Distinct with any kind of
 * color vision, and from dark to light, so that gray prints show them, too.
 */
export const ERROR_COLORS: Readonly<Record<"hit" | "missed" | "false", Color>> = {
  hit: [0, 90, 180],
  missed: [255, 245, 140],
  false: [230, 100, 20],
};

/**
 * The color of a class, by its index from 1. Colors after the 16 of the palette are unique up to 254, but no longer
 * distinct at a glance. Throws a RangeError for an index that is not an integer from 1 to 254.
 */
export function classColor(index: number): Color {
  if (!Number.isInteger(index) || index < 1 || index > 254) {
    throw new RangeError(`Cannot color class ${index}: expected an integer from 1 to 254`);
  }
  return PALETTE[index - 1] ?? spiralColor(index - PALETTE.length);
}

/** The colors of the first `count` classes. Throws as {@linkcode classColor}. */
export function classColors(count: number): Color[] {
  return Array.from({ length: count }, (_, index) => classColor(index + 1));
}

/** A color as `#e69f00`. */
export function colorToHex(color: Color): string {
  return `#${color.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** The color of six hexadecimal digits after `#`; null for any other text. */
export function colorOfHex(text: string): Color | null {
  if (!/^#[0-9a-f]{6}$/i.test(text)) return null;
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return [red!, green!, blue!];
}

/** Hues in steps of the golden angle, so that neighbors differ, at five values from light to dark. */
function spiralColor(step: number): Color {
  const hue = (step * 137.508) % 360 / 60;
  const value = 255 - 35 * (step % 5);
  const share = (channel: number) => Math.min(1, Math.max(0, Math.abs((hue + channel) % 6 - 3) - 1));
  const [red, green, blue] = [0, 4, 2].map((channel) => Math.round(value * (0.2 + 0.8 * share(channel))));
  return [red!, green!, blue!];
}

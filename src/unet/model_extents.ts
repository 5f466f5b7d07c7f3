/**
 * The part of a model's description that says how large its input is, and how images come to it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { FITS, type InputExtents } from "../image/input_frame.ts";
import { MAX_SIZE } from "./config.ts";

/** The resolutions relative to the image's own in which windows may be read. */
export const SCALES = { least: 1 / 64, most: 8 } as const;

/**
 * Checks the size of an input, a multiple of `step`, and its form.
 *
 * @throws {RangeError} naming what is out of range
 */
export function checkExtents(
  { size, height, fit, patch, scale }: Readonly<Record<string, unknown>>,
  step: number,
): InputExtents {
  const isSize = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= step && value <= MAX_SIZE &&
    value % step === 0;
  for (const [name, value] of Object.entries({ size, ...(height === undefined ? {} : { height }) })) {
    if (isSize(value)) continue;
    throw new RangeError(
      `Cannot read the model: its input ${name} is ${
        showValue(value)
      }, expected a multiple of ${step} up to ${MAX_SIZE}`,
    );
  }
  const refuse = (what: string, expected: string) =>
    new RangeError(`Cannot read the model: ${what}, expected ${expected}`);
  if (fit !== undefined && !FITS.some((each) => each === fit)) {
    throw refuse(`its fit is ${showValue(fit)}`, FITS.map((each) => JSON.stringify(each)).join(" or "));
  }
  if (patch !== undefined && (patch !== size || height !== undefined || fit !== undefined)) {
    throw refuse(`its patch is ${showValue(patch)}`, `its size, ${showValue(size)}, without height and fit`);
  }
  const { least, most } = SCALES;
  const isScale = typeof scale === "number" && scale >= least && scale <= most;
  if (scale !== undefined && (patch === undefined || !isScale)) {
    throw refuse(`its scale is ${showValue(scale)}`, `a number from ${least} to ${most}, with a patch`);
  }
  return Object.fromEntries(
    Object.entries({ size, height, fit, patch, scale }).filter(([, value]) => value !== undefined),
  ) as unknown as InputExtents;
}

/** A value of a file for a message, in few characters. */
export function showValue(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return (JSON.stringify(value) ?? "missing").slice(0, 100);
}

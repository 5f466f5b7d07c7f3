/**
 * The form in which a model takes images.
 * This module is browser compatible.
 *
 * @module
 */
import type { ModelDescription } from "../unet/model_format.ts";

/** What determines the input of an image. */
export type InputForm = Pick<ModelDescription, "size" | "normalize" | "range">;

/** The form of a model. */
export function inputForm({ size, normalize, range }: ModelDescription): InputForm {
  return { size, normalize, ...(range === undefined ? {} : { range }) };
}

/** Whether two models take the same input. */
export function sameForm(a: InputForm, b: InputForm): boolean {
  return a.size === b.size && a.normalize === b.normalize && a.range?.[0] === b.range?.[0] &&
    a.range?.[1] === b.range?.[1];
}

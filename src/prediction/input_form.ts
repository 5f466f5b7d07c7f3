/**
 * The form in which a model takes images.
 * This module is browser compatible.
 *
 * @module
 */
import { isAtOwnSize } from "../image/input_frame.ts";
import type { ModelDescription } from "../unet/model_format.ts";

/** What determines the input of an image. */
export type InputForm = Pick<
  ModelDescription,
  "size" | "height" | "fit" | "patch" | "scale" | "normalize" | "range"
>;

/** The form of a model. */
export function inputForm(
  { size, height, fit, patch, scale, normalize, range }: ModelDescription,
): InputForm {
  return {
    size,
    ...(height === undefined ? {} : { height }),
    ...(fit === undefined ? {} : { fit }),
    ...(patch === undefined ? {} : { patch }),
    ...(scale === undefined ? {} : { scale }),
    normalize,
    ...(range === undefined ? {} : { range }),
  };
}

/** Whether two models take the same input. */
export function sameForm(a: InputForm, b: InputForm): boolean {
  const text = (form: InputForm) => JSON.stringify(inputForm(form as ModelDescription));
  return text(a) === text(b);
}

/** Whether the pixels of two inputs show the same places of an image once one is resized to the other. */
export function showSame(a: InputForm, b: InputForm): boolean {
  if (sameForm(a, b) || !(isAtOwnSize(a) || isAtOwnSize(b))) return true;
  return a.patch !== undefined && b.patch !== undefined;
}

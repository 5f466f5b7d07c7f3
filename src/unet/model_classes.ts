/**
 * The classes that a model tells apart.
 * This module is browser compatible.
 *
 * @module
 */
import type { ClassSpec } from "../image/class_spec.ts";
import { classColor, colorToHex } from "../image/palette.ts";
import { classCount } from "./config.ts";
import type { ModelDescription } from "./model_format.ts";

/**
 * The classes of a model's probabilities: those of its description, else one called `foreground`, or `class 1`,
 * `class 2`, ... Throws a RangeError if the description names another number of classes than the network has.
 */
export function modelClasses(
  { network, classes }: Pick<ModelDescription, "network" | "classes">,
): readonly ClassSpec[] {
  const count = classCount(network);
  if (classes !== undefined && classes.length !== count) {
    throw new RangeError(`Cannot name the classes of a model of ${count}: its file names ${classes.length}`);
  }
  return classes ?? Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? "foreground" : `class ${index + 1}`,
    color: colorToHex(classColor(index + 1)),
  }));
}

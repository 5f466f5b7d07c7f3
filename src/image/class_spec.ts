/**
 * Classes as model files name them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { colorOfHex } from "./palette.ts";

/** A class as files of a model name it. */
export interface ClassSpec {
  /** Its name. */
  readonly name: string;
  /** Its color, as `#rrggbb`. */
  readonly color: string;
  /** The categories that it unites; absent if it is the category of its name. */
  readonly categories?: readonly string[] | undefined;
}

/** Most classes: labels are bytes, and 0 and 255 are taken. */
export const MAX_CLASSES = 254;

/** Longest name of a class or category, in UTF-16 units. */
export const MAX_CLASS_NAME = 200;

/** Whether a value of a file is a list of classes with distinct names. */
export function isClassList(value: unknown): value is ClassSpec[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CLASSES) return false;
  const names = new Set(value.map((each) => each?.name));
  return names.size === value.length && value.every(isClassSpec);
}

/** Whether a value of a file is a list of names of categories. */
export function isNameList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isClassName);
}

function isClassSpec(value: unknown): value is ClassSpec {
  if (typeof value !== "object" || value === null) return false;
  const { name, color, categories } = value as Record<string, unknown>;
  if (!isClassName(name) || typeof color !== "string" || colorOfHex(color) === null) return false;
  return categories === undefined || isNameList(categories);
}

function isClassName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_CLASS_NAME;
}

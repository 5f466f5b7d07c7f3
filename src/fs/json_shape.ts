/**
 * Checks JSON from a file whose checksum is right and whose content may still be anything.
 * This module is browser compatible.
 *
 * @module
 */

/** Says what is wrong with a value, beginning with its path; null if nothing is. */
export type Shape = (value: unknown, path: string) => string | null;

/** A value that passes a test; `expected` names it in messages. */
export function valueOf(expected: string, test: (value: unknown) => boolean): Shape {
  return (value, path) => test(value) ? null : `${path} is not ${expected}`;
}

/** Any text. */
export const TEXT: Shape = valueOf("a text", (value) => typeof value === "string");

/** A finite number. */
export const NUMBER: Shape = valueOf("a number", (value) => Number.isFinite(value));

/** A number from `least` to `most`. */
export function numberOf(least: number, most: number): Shape {
  return valueOf(
    `a number from ${least} to ${most}`,
    (value) => typeof value === "number" && value >= least && value <= most,
  );
}

/** A boolean. */
export const FLAG: Shape = valueOf("true or false", (value) => typeof value === "boolean");

/** An integer from `least` to `most`. */
export function integerOf(least = 0, most = Number.MAX_SAFE_INTEGER): Shape {
  return valueOf(
    most === Number.MAX_SAFE_INTEGER ? `an integer >= ${least}` : `an integer from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  );
}

/** One of some values. */
export function oneOf(...values: readonly unknown[]): Shape {
  return valueOf(`one of ${values.join(", ")}`, (value) => values.includes(value));
}

/** A value or null. */
export function orNull(shape: Shape): Shape {
  return (value, path) => value === null ? null : shape(value, path);
}

/** A value that may be missing. */
export function orMissing(shape: Shape): Shape {
  return (value, path) => value === undefined ? null : shape(value, path);
}

/** An object with at least these fields. */
export function objectOf(fields: Readonly<Record<string, Shape>>): Shape {
  return (value, path) => {
    if (!isRecord(value)) return `${path} is not an object`;
    return firstFault(
      Object.entries(fields).map(([name, shape]) => () => shape(ownValue(value, name), `${path}.${name}`)),
    );
  };
}

/** A value that may be absent. */
export function optional(shape: Shape): Shape {
  return (value, path) => value === undefined ? null : shape(value, path);
}

/** An object whose values all have one shape. */
export function recordOf(shape: Shape): Shape {
  return (value, path) => {
    if (!isRecord(value)) return `${path} is not an object`;
    return firstFault(Object.keys(value).map((name) => () => shape(value[name], `${path}.${name}`)));
  };
}

/** A list whose elements all have one shape. */
export function listOf(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return firstFault(value.map((element, index) => () => shape(element, `${path}[${index}]`)));
  };
}

/** Whether a value is an object, and neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownValue(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function firstFault(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const fault = check();
    if (fault !== null) return fault;
  }
  return null;
}

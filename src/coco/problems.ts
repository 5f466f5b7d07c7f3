/**
 * Problems of a dataset: listed, never silently dropped.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NumberText } from "./ids.ts";

/** The kinds of problems, and what each means. */
export const PROBLEM_KINDS = {
  "no-list": "an annotation file that lacks one of its lists",
  "bad-entry": "an entry of the annotation file that is not an object or lacks its id",
  "duplicate-id": "an id that occurs twice",
  "bad-size": "an image with an invalid width or height",
  "bad-file-name": "an image whose file name is missing or leaves the folder",
  "duplicate-file": "a file name that occurs twice",
  "unknown-image": "an annotation of an image that is not listed",
  "unknown-category": "an annotation of a category that is not listed",
  "no-segmentation": "an annotation without a segmentation",
  "bad-segmentation": "a segmentation that is neither polygons nor RLE",
  "too-few-points": "a polygon with fewer than three points",
  "too-many-points": "a polygon with more points than can be drawn in bounded time",
  "odd-length": "a polygon with an odd count of numbers",
  "bad-coordinate": "a polygon with a coordinate that is not a finite number",
  "rle-size": "an RLE whose size differs from its image",
  "bad-rle": "an RLE that cannot be decoded or whose runs do not add up",
  "empty-outline": "an outline that covers no pixel of its image",
  "normalized-outline": "an outline whose coordinates are all within 0..1 instead of in pixels",
  "outline-outside": "an outline that is mostly outside its image",
  "outline-size": "an outline that covers almost nothing compared with its own area or bbox",
  "missing-image": "a listed image whose file is missing",
  "unreadable-image": "an image file that cannot be decoded",
  "size-mismatch": "an image file whose size differs from the annotation file",
  "unlisted-file": "an image file that the annotation file does not list",
} as const;

/** One of {@linkcode PROBLEM_KINDS}. */
export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** One problem of a dataset. */
export interface Problem {
  /** Its kind. */
  readonly kind: ProblemKind;
  /** The id of the image or annotation (the message says which), a file name, or null. */
  readonly id: number | string | null;
  /** The name of a file that must not be opened, as it is listed: it leaves the folder. */
  readonly badName?: string;
  /** The details, beginning with the subject: `annotation 7: ...`. */
  readonly message: string;
  /** Whether the affected entry was skipped or used anyway. */
  readonly effect: "skipped" | "kept";
}

/** A value from a file for a message, abbreviated. */
export function showValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) {
    return `[${value.slice(0, 4).map(showScalar).join(", ")}${value.length > 4 ? ", ..." : ""}]`;
  }
  return showScalar(value);
}

function showScalar(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  }
  if (value instanceof NumberText) return value.text;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[...]" : "{...}";
  return String(value);
}

/** Throws an Error that counts the problems and names the first, unless there are none. For `--strict`. */
export function refuseProblems(what: string, problems: readonly Problem[]): void {
  const first = problems[0];
  if (first === undefined) return;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new Error(
    `Rejected ${what}: ${count} (strict): ${first.message}\nhint: inspect lists all of them; without strict they are skipped`,
  );
}

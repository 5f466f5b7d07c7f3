/**
 * What is wrong in a dataset: listed, never silently dropped.
 * This module is browser compatible.
 *
 * @module
 */

/** The kinds of problem, and what each means, as `inspect` explains them. */
export const PROBLEM_KINDS = {
  "no-list": "an annotation file without one of its lists",
  "bad-entry": "an entry of the annotation file is no object or lacks its id",
  "duplicate-id": "an id that stands twice",
  "bad-size": "an image whose width or height is no usable number",
  "bad-file-name": "an image whose file name is missing or leads out of the folder",
  "duplicate-file": "a file name that stands twice",
  "unknown-image": "an annotation of an image that is not listed",
  "unknown-category": "an annotation of a category that is not listed",
  "no-segmentation": "an annotation without an outline",
  "bad-segmentation": "an outline that is neither polygons nor RLE",
  "too-few-points": "a polygon of fewer than three points",
  "too-many-points": "a polygon of more points than can be drawn in bounded time",
  "odd-length": "a polygon with an odd count of numbers",
  "bad-coordinate": "a polygon with a coordinate that is no finite number",
  "rle-size": "an RLE of another size than its image",
  "bad-rle": "an RLE that cannot be read or whose runs do not add up",
  "missing-image": "an image that is listed and not there",
  "unreadable-image": "an image file that cannot be read",
  "size-mismatch": "an image file of another size than the annotation file says",
  "unlisted-file": "an image file that the annotation file does not list",
} as const;

/** One of {@linkcode PROBLEM_KINDS}. */
export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** One thing wrong in a dataset. */
export interface Problem {
  /** What it is. */
  readonly kind: ProblemKind;
  /** The id of the image or annotation (which of the two, the message says), a file's name, or null. */
  readonly id: number | string | null;
  /** What exactly, in words, beginning with what it is about: `annotation 7: ...`. */
  readonly message: string;
  /** Whether what is at fault was left out, or used as it stands. */
  readonly effect: "skipped" | "kept";
}

/** A value from a file as a message shows it: short, however long or deep it is. */
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
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[...]" : "{...}";
  return String(value);
}

/** Refuses a dataset with problems, as `--strict` asks: an Error that counts them and names the first. */
export function refuseProblems(what: string, problems: readonly Problem[]): void {
  const first = problems[0];
  if (first === undefined) return;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new Error(
    `Refused ${what}: ${count} (strict): ${first.message}\nhint: inspect lists all of them; without strict they are skipped`,
  );
}

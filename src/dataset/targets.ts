/**
 * From label maps to what the loss compares with: a plane per class, or class indices.
 *
 * @module
 */
import { BACKGROUND, classesOf, IGNORE, type LabelScheme } from "../image/label_map.ts";

/** The form of the masks of a batch. */
export interface TargetForm {
  /** The number of classes. */
  readonly classCount: number;
  /** `sigmoid`: a plane per class, of 0 and 1; `softmax`: one plane of class indices from 0, the background. */
  readonly head: "sigmoid" | "softmax";
}

/**
 * What ignored pixels are in every form, as in the loss. Not imported from there: a Worker loads this file, and tasks may
 * read `src/` only.
 */
export const IGNORED_TARGET = -1;

/** The masks of a binary dataset. */
export const BINARY_TARGETS: TargetForm = { classCount: 1, head: "sigmoid" };

/** The planes of a sample's mask. */
export function targetChannels({ classCount, head }: TargetForm): number {
  return head === "softmax" ? 1 : classCount;
}

/**
 * Writes the targets of labels to `targets`, `[channels, pixels]`: 0, 1 or -1 (ignored) for `sigmoid`; a class index or
 * -1 for `softmax`.
 *
 * Throws a RangeError for a label that stands for no class, or, for `softmax`, for several.
 */
export function writeTargets(
  labels: Uint8Array,
  overlaps: LabelScheme["overlaps"],
  { classCount, head }: TargetForm,
  targets: Float32Array,
): void {
  const scheme = { classCount, ...(overlaps === undefined ? {} : { overlaps }) };
  const valueOf = (label: number, channel: number): number => {
    if (label === BACKGROUND || label === IGNORE) return label === IGNORE ? IGNORED_TARGET : 0;
    const classes = classesOf(scheme, label);
    if (head === "sigmoid" && classes.length > 0) return classes.includes(channel + 1) ? 1 : 0;
    if (classes.length === 1) return label;
    throw new RangeError(`Cannot train on label ${label} of ${classCount} classes: it stands for no class`);
  };
  for (let channel = 0, at = 0; at < targets.length; channel++) {
    const values: number[] = [];
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      targets[at++] = values[label] ??= valueOf(label, channel);
    }
  }
}

/**
 * Fingerprints that identify datasets.
 *
 * @module
 */
import type { SampleRange } from "../image/image.ts";

/** Fingerprint of a split. */
export interface SplitFingerprint {
  /** Samples. */
  readonly samples: number;
  /** SHA-256 of all names, images and annotations, in order; see `PreparedSplit`. */
  readonly sha256: string;
  /** The samples of more than 8 bits that become 0 and 1; absent if there are none. */
  readonly range?: SampleRange;
}

/** Fingerprint of a dataset, as far as training reads it. */
export interface DataFingerprint {
  /** The training split. */
  readonly train: SplitFingerprint;
  /** The validation split. */
  readonly valid: SplitFingerprint;
  /** The classes that annotations are read as; absent if all are one. */
  readonly classes?: readonly string[];
}

/** How two datasets differ: one line for each split that differs. */
export function dataDifferences(before: DataFingerprint, now: DataFingerprint): string[] {
  const names = ({ classes }: DataFingerprint) => classes?.join(", ") ?? "one for all categories";
  const classes = names(before) === names(now)
    ? []
    : [`the classes were ${names(before)}, are ${names(now)}`];
  const splits = (["train", "valid"] as const).flatMap((role) => {
    const [old, current] = [before[role], now[role]];
    if (old.sha256 === current.sha256) {
      // An earlier version read the same files to 8 bits.
      return rangeText(old) === rangeText(current) ? [] : [
        `in the ${role} split, ${rangeText(old)} became 0 to 1 in images of more than 8 bits, now ${
          rangeText(current)
        } do`,
      ];
    }
    return old.samples === current.samples
      ? [`the ${role} split has other images or annotations`]
      : [`the ${role} split had ${old.samples} samples, has ${current.samples}`];
  });
  return [...classes, ...splits];
}

function rangeText({ range }: SplitFingerprint): string {
  return range === undefined ? "the full scale" : `${range[0]} to ${range[1]}`;
}

/**
 * What tells one dataset from another.
 *
 * @module
 */
/** A split in brief. */
export interface SplitFingerprint {
  /** Samples. */
  readonly samples: number;
  /** SHA-256 of all names, images and annotations, in order; see `PreparedSplit`. */
  readonly sha256: string;
}

/** A dataset in brief, as far as training reads it. */
export interface DataFingerprint {
  /** What is trained on. */
  readonly train: SplitFingerprint;
  /** What is validated with. */
  readonly valid: SplitFingerprint;
}

/** How two datasets differ, a line for each split that does. */
export function dataDifferences(before: DataFingerprint, now: DataFingerprint): string[] {
  return (["train", "valid"] as const).flatMap((role) => {
    const [old, young] = [before[role], now[role]];
    if (old.sha256 === young.sha256) return [];
    return old.samples === young.samples
      ? [`the ${role} split has other images or annotations`]
      : [`the ${role} split had ${old.samples} samples, has ${young.samples}`];
  });
}

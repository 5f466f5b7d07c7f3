/**
 * The MRI sequences of phantoms: the gray values of tissues and tumors in each.
 * This module is browser compatible.
 *
 * @module
 */

/** The MRI sequences. */
export const SEQUENCES = ["T1", "T2", "FLAIR"] as const;

/** T1 with a contrast agent, T2, or T2 with suppressed fluid. */
export type Sequence = typeof SEQUENCES[number];

/** Gray values from 0 (black) to 1 (white). */
export interface Tissues {
  /** Skin and fat around the skull. */
  scalp: number;
  /** Bone. */
  skull: number;
  /** The marrow within the bone. */
  marrow: number;
  /** The fluid around the brain, in the sulci and the ventricles. */
  fluid: number;
  /** Gray matter. */
  gray: number;
  /** White matter. */
  white: number;
  /** The falx between the hemispheres. */
  midline: number;
}

/** The tissues of each sequence. */
export const TISSUES: Readonly<Record<Sequence, Readonly<Tissues>>> = {
  T1: { scalp: 0.9, skull: 0.06, marrow: 0.3, fluid: 0.13, gray: 0.4, white: 0.54, midline: 0.6 },
  T2: { scalp: 0.66, skull: 0.05, marrow: 0.25, fluid: 0.72, gray: 0.45, white: 0.31, midline: 0.64 },
  FLAIR: { scalp: 0.62, skull: 0.06, marrow: 0.25, fluid: 0.1, gray: 0.5, white: 0.38, midline: 0.14 },
};

/** The appearance of a tumor. */
export interface TumorKind {
  /** Relative frequency among those of the list. */
  weight: number;
  /** The gray values of its rim. */
  rim: readonly [low: number, high: number];
  /** Those of its core. */
  core: readonly [low: number, high: number];
  /** Of the edema, if there is one. */
  edema: number;
}

/** The tumors of each sequence. */
export const TUMORS: Readonly<Record<Sequence, readonly TumorKind[]>> = {
  T1: [
    { weight: 3, rim: [0.88, 1], core: [0.14, 0.3], edema: 0.33 }, // a bright ring around necrosis
    { weight: 5, rim: [0.86, 1], core: [0.86, 0.98], edema: 0.36 }, // enhances throughout
  ],
  T2: [
    { weight: 7, rim: [0.88, 1], core: [0.88, 1], edema: 0.52 },
    { weight: 1, rim: [0.16, 0.24], core: [0.85, 1], edema: 0.52 }, // an old hemorrhage: a dark ring
  ],
  FLAIR: [
    { weight: 6, rim: [0.85, 1], core: [0.82, 1], edema: 0.55 },
    { weight: 1, rim: [0.85, 1], core: [0.12, 0.3], edema: 0.55 }, // a cyst
  ],
};

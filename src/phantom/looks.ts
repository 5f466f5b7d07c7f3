/**
 * The looks that `phantom --look` renders: the same anatomy and tumors, recorded by another protocol or scanner, to
 * measure what a network is worth on images of another appearance than those it was trained on.
 * This module is browser compatible.
 *
 * @module
 */
import type { ScannerSettings } from "./scanner.ts";
import type { Tissues, TumorKind } from "./sequences.ts";

/** The names of the looks. */
export const LOOK_NAMES = ["t1", "t2", "flair", "ct"] as const;

/** T1 without a contrast agent, T2, FLAIR with fat suppression and thick slices, or CT in a brain window. */
export type LookName = typeof LOOK_NAMES[number];

/** How tissues are recorded. */
export interface Look {
  /** Gray values of healthy tissue. */
  readonly tissues: Readonly<Tissues>;
  /** Gray values of tumors. */
  readonly tumors: readonly TumorKind[];
  /** The width of an edge, relative to a pixel: thick slices blur edges. */
  readonly edge: number;
  /** Field, brightness and noise. */
  readonly scanner: ScannerSettings;
}

/** The looks by name. Values of CT are Hounsfield units in a window from 0 to 80: bone is white, air and fat are black. */
export const LOOKS: Readonly<Record<LookName, Look>> = {
  t1: {
    tissues: { scalp: 0.98, skull: 0.08, marrow: 0.6, fluid: 0.12, gray: 0.38, white: 0.56, midline: 0.36 },
    tumors: [
      { weight: 6, rim: [0.24, 0.31], core: [0.18, 0.27], edema: 0.36 },
      { weight: 1, rim: [0.8, 0.92], core: [0.3, 0.42], edema: 0.36 }, // a subacute hemorrhage
    ],
    edge: 1.2,
    scanner: {
      kind: "mri",
      field: [0.15, 0.35],
      gain: [0.75, 0.95],
      offset: [0.01, 0.04],
      noise: [0.02, 0.035],
    },
  },
  t2: {
    tissues: { scalp: 0.8, skull: 0.06, marrow: 0.45, fluid: 0.98, gray: 0.52, white: 0.36, midline: 0.42 },
    tumors: [
      { weight: 5, rim: [0.66, 0.78], core: [0.72, 0.86], edema: 0.64 },
      { weight: 2, rim: [0.62, 0.72], core: [0.92, 1], edema: 0.64 }, // a cyst
    ],
    edge: 1.4,
    scanner: {
      kind: "mri",
      field: [0.05, 0.15],
      gain: [0.85, 1],
      offset: [0, 0.01],
      noise: [0.03, 0.05],
    },
  },
  flair: {
    tissues: { scalp: 0.3, skull: 0.05, marrow: 0.12, fluid: 0.07, gray: 0.42, white: 0.34, midline: 0.1 },
    tumors: [
      { weight: 5, rim: [0.62, 0.74], core: [0.6, 0.72], edema: 0.6 },
      { weight: 1, rim: [0.64, 0.74], core: [0.1, 0.2], edema: 0.6 }, // a cyst
    ],
    edge: 2.4,
    scanner: {
      kind: "mri",
      field: [0.1, 0.3],
      gain: [0.9, 1.1],
      offset: [0.02, 0.06],
      noise: [0.035, 0.06],
    },
  },
  ct: {
    tissues: { scalp: 0.42, skull: 1.6, marrow: 1.3, fluid: 0.1, gray: 0.47, white: 0.36, midline: 0.62 },
    tumors: [
      { weight: 3, rim: [0.68, 0.82], core: [0.3, 0.4], edema: 0.24 }, // a ring of contrast agent
      { weight: 3, rim: [0.64, 0.78], core: [0.62, 0.76], edema: 0.24 },
      { weight: 2, rim: [0.2, 0.27], core: [0.16, 0.24], edema: 0.27 }, // low density throughout
    ],
    edge: 1.3,
    scanner: {
      kind: "ct",
      field: [0.02, 0.05],
      gain: [0.97, 1.03],
      offset: [-0.02, 0.02],
      noise: [0.03, 0.05],
    },
  },
};

/**
 * The looks of a list such as `t1,ct`; a name may occur once.
 *
 * @throws {RangeError} naming what is no look.
 */
export function parseLooks(text: string): LookName[] {
  const names = text.split(",").map((part) => part.trim().toLowerCase());
  for (const [index, name] of names.entries()) {
    if (!(LOOK_NAMES as readonly string[]).includes(name)) {
      throw new RangeError(
        `Cannot draw phantoms of look ${JSON.stringify(name)}: expected a list of ${LOOK_NAMES.join(", ")}`,
      );
    }
    if (names.indexOf(name) !== index) {
      throw new RangeError(`Cannot draw phantoms of look ${JSON.stringify(name)}: it is named twice`);
    }
  }
  return names as LookName[];
}

/**
 * The uncertainty of an image as files, as panels of its figure, and in numbers.
 *
 * @module
 */
import { join } from "node:path";
import type { Panel } from "../image/draw_figure.ts";
import { encodeGrayPng } from "../image/encode.ts";
import { repeatGray, type Size } from "../image/image.ts";
import type { Head } from "../unet/config.ts";
import type { UncertaintyNumbers } from "./image_report.ts";
import { type ProbabilityMap, resizeProbabilities } from "./probability_map.ts";
import { UNCERTAINTY_ENDINGS } from "./result_files.ts";
import { grayLevels } from "./result_images.ts";
import { disagreementMap, entropyMap, meanOfMap } from "./uncertainty.ts";

/** The probabilities of an image. */
export interface UncertainMaps {
  /** Of each class. */
  readonly maps: readonly ProbabilityMap[];
  /** The same of each of several models. */
  readonly members?: readonly (readonly ProbabilityMap[])[] | undefined;
}

/** What was written, and what is to be drawn. */
export interface WrittenUncertainty {
  /** The paths. */
  readonly files: { readonly uncertainty: string; readonly disagreement?: string };
  /** The numbers. */
  readonly uncertainty: UncertaintyNumbers;
  /** Panels at the size of the image: white is most uncertain. */
  readonly panels: readonly Panel[];
}

/** Where an image's uncertainty is written. */
export interface UncertaintyPlace {
  /** The folder. */
  readonly output: string;
  /** The name of the image's results. */
  readonly name: string;
  /** The size of the image. */
  readonly size: Size;
  /** Writes PNGs. */
  readonly write: (files: readonly (readonly [path: string, bytes: Promise<Uint8Array>])[]) => Promise<void>;
}

/** Writes the maps of an image. */
export async function writeUncertainty(
  { maps, members }: UncertainMaps,
  head: Head,
  { output, name, size, write }: UncertaintyPlace,
): Promise<WrittenUncertainty> {
  const entropy = entropyMap(maps, head);
  const disagreement = members !== undefined && members.length > 1 ? disagreementMap(members, head) : null;
  const files = {
    uncertainty: join(output, name + UNCERTAINTY_ENDINGS.uncertainty),
    ...(disagreement && { disagreement: join(output, name + UNCERTAINTY_ENDINGS.disagreement) }),
  };
  const panels: Panel[] = [];
  for (
    const [map, path, caption] of [
      [entropy, files.uncertainty, "Uncertainty (white: most)"],
      [disagreement, files.disagreement, "Disagreement of models"],
    ] as const
  ) {
    if (map === null) continue;
    const gray = grayLevels(resizeProbabilities(map, size));
    await write([[path!, encodeGrayPng(gray)]]);
    panels.push({ image: repeatGray({ ...gray, channels: 1 }), caption });
  }
  return {
    files,
    panels,
    uncertainty: {
      entropy: meanOfMap(entropy),
      ...(disagreement && { disagreement: meanOfMap(disagreement) }),
    },
  };
}

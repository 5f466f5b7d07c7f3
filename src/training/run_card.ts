/**
 * The card of a run's best model, written when the run is complete.
 *
 * @module
 */
import { basename, join } from "node:path";
import { cardSplit } from "../card/card_format.ts";
import { cardPaths, readCard, writeCard } from "../card/card_files.ts";
import { dataLicences } from "../dataset/licences.ts";
import { makeCard } from "../card/make_card.ts";
import { findSplits, splitOf } from "../dataset/splits.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { RUN_FILES } from "../fs/layout.ts";
import { withinProject } from "../fs/paths.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import { readModel } from "../unet/model_format.ts";
import type { RunProgress } from "./checkpoint.ts";
import { trainCommandOf } from "./train_command.ts";
import type { TrainData } from "./train_data.ts";

/** Writes the card of the best model to a run's folder; nothing for a run without one. */
export async function writeRunCard(
  folder: string,
  dataFolder: string,
  progress: RunProgress,
  data: TrainData,
): Promise<void> {
  if (progress.best === null) return;
  const path = join(folder, RUN_FILES.best);
  const bytes = await readWholeFile(path);
  const subject = {
    file: RUN_FILES.best,
    sha256: hashBytes(bytes),
    byteLength: bytes.length,
    ...await readModel(bytes),
  };
  const place = withinProject(folder) ?? basename(folder);
  const card = makeCard(subject, {
    command: trainCommandOf(place, progress.dataFolder, { ...progress.config }),
    kernels: progress.choices,
    data: {
      train: cardSplit(data.train.fingerprint.sha256, data.train.files()),
      valid: cardSplit(data.valid.fingerprint.sha256, data.valid.files()),
    },
    licences: await dataLicences(splitOf(await findSplits(dataFolder), "train").annotationFile),
  });
  const paths = cardPaths(path);
  // A run that is resumed after its end keeps what evaluations and `card` have added.
  const before = await readCard(paths.json).catch(() => null);
  if (before?.model.sha256 !== subject.sha256) return await writeCard(paths, card, new Map());
  const { evaluations, data: known, licences } = before;
  await writeCard(paths, { ...card, data: { ...known, ...card.data }, evaluations, licences });
}

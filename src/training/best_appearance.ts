/**
 * Adds to a run's best model what its training images look like, once the run is complete.
 *
 * @module
 */
import { join } from "node:path";
import { MOST_MEASURED } from "../appearance/appearance.ts";
import { appearanceOf } from "../appearance/measure_images.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { RUN_FILES } from "../fs/layout.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import { modelParts, readModel } from "../unet/model_format.ts";
import type { Epochs } from "./epochs.ts";
import type { TrainData } from "./train_data.ts";

/** Measures the best model's training images; does nothing if its file has the appearance, or there are too few images. */
export async function keepAppearance(folder: string, epochs: Epochs, data: TrainData): Promise<void> {
  if (epochs.progress.best === null) return;
  const path = join(folder, RUN_FILES.best);
  const bytes = await readWholeFile(path);
  const { state, description } = await readModel(bytes);
  if (description.appearance) return;
  const model = { state, description };
  const appearance = appearanceOf(model, data.train.inputs(MOST_MEASURED), data.valid.inputs(MOST_MEASURED));
  if (appearance === null) return;
  const parts = modelParts({ state, description: { ...description, appearance } });
  // As always, the checkpoint is the first that names a model; until the model follows, it knows the file by both.
  await epochs.nameBest({ sha256: hashBytes(...parts), plainSha256: hashBytes(bytes) });
  await writeFileAtomic(path, parts);
}

/**
 * The calibration in the file of a run's best model, which is written when all runs of a cross-validation are done.
 *
 * @module
 */
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import { withCalibration } from "../training/calibrated_model.ts";
import type { Calibration } from "../unet/model_calibration.ts";

/** Writes a calibration into a model file, or removes it (null); the rest of the file stays byte for byte. */
export async function writeCalibration(path: string, calibration: Calibration | null): Promise<void> {
  const before = await readWholeFile(path);
  const after = withCalibration(before, calibration);
  if (after !== null) await writeFileAtomic(path, after);
}

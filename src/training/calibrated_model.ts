/**
 * A model file with and without a calibration, which is added after training: a run knows its model by the bytes without.
 *
 * @module
 */
import { hashBytes } from "../fs/hash_bytes.ts";
import type { Calibration } from "../unet/model_calibration.ts";
import { readSafetensors, safetensorsParts } from "../weights/safetensors.ts";

const KEY = "calibration";

/** The parts of the file with this calibration, or without any (null); null if it is that file already. */
export function withCalibration(bytes: Uint8Array, calibration: Calibration | null): Uint8Array[] | null {
  const { tensors, metadata } = readSafetensors(bytes);
  const text = calibration === null ? undefined : JSON.stringify(calibration);
  if (metadata[KEY] === text) return null;
  const { [KEY]: _, ...rest } = metadata;
  return safetensorsParts(tensors, text === undefined ? rest : { ...rest, [KEY]: text });
}

/** SHA-256 of a model's file as training wrote it. */
export function hashUncalibrated(bytes: Uint8Array): string {
  try {
    const parts = withCalibration(bytes, null);
    return parts === null ? hashBytes(bytes) : hashBytes(...parts);
  } catch {
    // Damaged: it is not what training wrote.
    return hashBytes(bytes);
  }
}

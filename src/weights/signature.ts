/**
 * Weight formats told apart by their first bytes.
 * This module is browser compatible.
 *
 * @module
 */

/** Whether the bytes begin like a zip with at least one entry, as PyTorch's checkpoints do. */
export function beginsAsZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Whether a JSON object begins at byte 8, where safetensors has its header. */
export function beginsAsSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === 0x7b && !beginsAsZip(bytes);
}

/**
 * Which prepared samples stem from another decoder, although their files are the same.
 *
 * @module
 */
import { inspectFile } from "../image/header.ts";

/**
 * 2 for files that 0.2.0 did not read, or only to 8 bits: samples of more bits and GIF. Undefined for all others, whose
 * cached samples stay valid.
 */
export function decoderOf(bytes: Uint8Array): 2 | undefined {
  try {
    const { bits, format } = inspectFile(bytes);
    return bits > 8 || format.name === "GIF" ? 2 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Which failures of decoding follow from the file's bytes, so that every later try would fail as well.
 *
 * @module
 */

/** ImageMagick's reports of memory that the machine did not give. */
const OUT_OF_MEMORY = /ResourcesExhausted|resources exhausted|memory ?allocation ?failed/i;

/**
 * Whether the bytes prove the failure. The decoders' own errors say what they cannot do; an engine's RangeError, such as
 * one for memory that cannot be allocated, a failed read, and a lost thread are the machine's.
 */
export function isProvenByBytes(error: unknown): error is SyntaxError | RangeError {
  return (error instanceof SyntaxError || error instanceof RangeError) &&
    error.message.startsWith("Cannot ") &&
    !OUT_OF_MEMORY.test(error.message);
}

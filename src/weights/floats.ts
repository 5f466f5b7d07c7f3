/**
 * Little-endian floats of 2, 4 or 8 bytes to float32, and the shape arithmetic that both weight formats need.
 *
 * @module
 */

/** The kinds of float that weight files hold, by their safetensors names. */
export type FloatType = "F16" | "BF16" | "F32" | "F64";

/** Bytes of one value of each kind. */
export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F16: 2, BF16: 2, F32: 4, F64: 8 };

/**
 * The number of values of a shape, or `undefined` where an extent is no whole number from 0 or the product is
 * past what a number holds exactly: a file may claim anything.
 */
export function countElements(shape: readonly unknown[]): number | undefined {
  let count = 1;
  let empty = false;
  for (const extent of shape) {
    if (typeof extent !== "number" || !Number.isSafeInteger(extent) || extent < 0) return undefined;
    if (extent === 0) empty = true;
    else count *= extent;
    if (count > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return empty ? 0 : count;
}

/**
 * Decodes all of `bytes`, whose length is a multiple of the value's, to float32 (F64 rounded to nearest). What is float32
 * already, and aligned as typed arrays demand, is no copy but the bytes themselves.
 */
export function decodeFloats(bytes: Uint8Array, type: FloatType): Float32Array {
  if (type === "F32" && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  // A copy begins its own buffer, as typed arrays demand (a Buffer's slice() would be a view); they are
  // little-endian wherever Deno runs.
  const buffer = new Uint8Array(bytes).buffer;
  switch (type) {
    case "F32":
      return new Float32Array(buffer);
    case "F16":
      return new Float32Array(new Float16Array(buffer));
    case "F64":
      return new Float32Array(new Float64Array(buffer));
    case "BF16":
      // bfloat16 is the upper half of a float32.
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
  }
}

/** Reads the value with the given index from packed values of one kind. */
export function readFloat(view: DataView, type: FloatType, index: number): number {
  switch (type) {
    case "F32":
      return view.getFloat32(4 * index, true);
    case "F16":
      return view.getFloat16(2 * index, true);
    case "F64":
      return view.getFloat64(8 * index, true);
    case "BF16":
      bfloatBits[0] = view.getUint16(2 * index, true) << 16;
      return bfloatValue[0]!;
  }
}

const bfloatBits = new Uint32Array(1);
const bfloatValue = new Float32Array(bfloatBits.buffer);

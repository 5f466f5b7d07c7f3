/**
 * Decodes little-endian floats of 2, 4 or 8 bytes to float32, and counts the elements of shapes.
 * This module is browser compatible.
 *
 * @module
 */

/** The floating-point types of weight files, by their safetensors names. */
export type FloatType = "F16" | "BF16" | "F32" | "F64";

/** Bytes per value. */
export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F16: 2, BF16: 2, F32: 4, F64: 8 };

/** The most axes of a tensor, as in NumPy: the work per tensor is bounded by it. */
export const MAX_RANK = 64;

/**
 * The number of values of a shape, or `undefined` if it has more than {@linkcode MAX_RANK} axes, an extent is not an
 * integer >= 0, or the product exceeds the safe integers: a file may claim anything.
 */
export function countElements(shape: readonly unknown[]): number | undefined {
  if (shape.length > MAX_RANK) return undefined;
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
 * Decodes `bytes`, whose length must be a multiple of the value size, to float32 (F64 is rounded to nearest). Aligned
 * float32 data is returned as a view, not a copy.
 */
export function decodeFloats(bytes: Uint8Array, type: FloatType): Float32Array {
  if (type === "F32" && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  // A copy starts its own buffer and so is aligned (a Buffer's slice() would be a view). Typed arrays are
  // little-endian on every platform of Deno and of browsers.
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

/** Reads the value at `index` from packed values of one type. */
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

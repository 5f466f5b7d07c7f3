/**
 * Packing of the uniform `params`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A field of `params`: a plain number is a u32, `f32(x)` an f32. */
export type Field = number | { readonly f32: number };

/** Marks a field as f32. */
export function f32(value: number): Field {
  return { f32: value };
}

/**
 * Packs scalar fields in order, 4 bytes each, padded to a multiple of 16 bytes.
 *
 * @throws {RangeError} if a u32 field is negative, fractional or too large
 */
export function packParams(fields: readonly Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(Math.ceil(fields.length / 4) * 16));
  fields.forEach((field, index) => {
    if (typeof field === "number") {
      if (!Number.isInteger(field) || field < 0 || field >= 2 ** 32) {
        throw new RangeError(`Cannot pack params: field ${index} is ${field}, expected a u32`);
      }
      view.setUint32(4 * index, field, true);
    } else view.setFloat32(4 * index, field.f32, true);
  });
  return new Uint8Array(view.buffer);
}

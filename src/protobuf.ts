/**
 * The subset of Protocol Buffers that TensorBoard's, SwanLab's and ONNX files need: a message is its joined fields.
 *
 * A field function encodes one field, {@linkcode message} joins fields, {@linkcode readFields} decodes them. After the
 * "Encoding" page of the Protocol Buffers documentation.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "./bytes.ts";

const encoder = new TextEncoder();

/** Joins encoded fields into a message; {@linkcode bytesField} nests messages. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return joinBytes(fields);
}

/** An integer, enum or boolean field; negative values take ten bytes, as int32 and int64 do. */
export function intField(field: number, value: number | boolean): Uint8Array {
  return message(varint(BigInt(field << 3)), varint(BigInt.asUintN(64, BigInt(value))));
}

/** A double field. */
export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return message(varint(BigInt(field << 3 | 1)), bytes);
}

/** A float field: the value is rounded to float32. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message(varint(BigInt(field << 3 | 5)), bytes);
}

/** A string, bytes or nested message field. */
export function bytesField(field: number, value: Uint8Array | string): Uint8Array {
  return joinBytes(partsField(field, [typeof value === "string" ? encoder.encode(value) : value]));
}

/** {@linkcode bytesField} of joined parts, which are not copied: for large values. */
export function partsField(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [varint(BigInt(field << 3 | 2)), varint(BigInt(length)), ...parts];
}

/** A `google.protobuf.Timestamp`: 1 seconds, 2 nanoseconds. */
export function timestamp(time: Date): Uint8Array {
  const milliseconds = time.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return message(intField(1, seconds), intField(2, (milliseconds - seconds * 1000) * 1e6));
}

/** A decoded field: integers as signed 64-bit, everything else as its bytes. */
export interface ProtobufField {
  /** The field's number. */
  readonly number: number;
  /** The integer, or the raw bytes of a double, float, string, bytes or message. */
  readonly value: bigint | Uint8Array;
}

/** Decodes the top-level fields of a message. @throws {SyntaxError} if the bytes are not a message */
export function* readFields(bytes: Uint8Array): Generator<ProtobufField> {
  let offset = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new SyntaxError("Cannot read protobuf: it ends inside a number");
      value |= BigInt(byte & 0x7F) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new SyntaxError("Cannot read protobuf: a number is longer than ten bytes");
  };
  while (offset < bytes.length) {
    const tag = Number(readVarint());
    const wire = tag & 7;
    if (wire === 0) {
      yield { number: tag >>> 3, value: readVarint() };
      continue;
    }
    if (wire !== 1 && wire !== 2 && wire !== 5) {
      throw new SyntaxError(`Cannot read protobuf: unknown wire type ${wire}`);
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(readVarint());
    const value = bytes.subarray(offset, offset += length);
    if (value.length < length) throw new SyntaxError("Cannot read protobuf: it ends inside a field");
    yield { number: tag >>> 3, value };
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value > 0x7Fn; value >>= 7n) bytes.push(Number(value & 0x7Fn) | 0x80);
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}

/**
 * Independent readers of the tracking files, written from their specifications: they share no code with the writers
 * that they check.
 *
 * @module
 */

/** A protobuf message as a list of its fields: integers as bigint, the rest as bytes. */
export class Message {
  /** All fields in order. */
  readonly fields: [number, bigint | Uint8Array][] = [];

  /** Decodes `bytes`, or throws. */
  constructor(bytes: Uint8Array) {
    let at = 0;
    const varint = () => {
      let value = 0n, shift = 0n;
      while (true) {
        const byte = bytes[at++];
        if (byte === undefined) throw new Error("truncated varint");
        value += BigInt(byte % 128) << shift;
        shift += 7n;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const wire = tag % 8, number = (tag - wire) / 8;
      if (wire === 0) {
        this.fields.push([number, varint()]);
        continue;
      }
      const sizes: Record<number, number> = { 1: 8, 5: 4 };
      const length = wire === 2 ? Number(varint()) : sizes[wire];
      if (length === undefined || at + length > bytes.length) throw new Error(`bad field ${number} at ${at}`);
      this.fields.push([number, bytes.slice(at, at + length)]);
      at += length;
    }
  }

  /** All values of a field. */
  all(number: number): (bigint | Uint8Array)[] {
    return this.fields.filter(([field]) => field === number).map(([, value]) => value);
  }

  /** Whether a field is present. */
  has(number: number): boolean {
    return this.all(number).length > 0;
  }

  /** A signed integer field; 0 if absent. */
  int(number: number): number {
    const value = this.all(number)[0] ?? 0n;
    if (typeof value !== "bigint") throw new Error(`field ${number} is not an integer`);
    return Number(value >= 2n ** 63n ? value - 2n ** 64n : value);
  }

  /** A bytes field. */
  bytes(number: number): Uint8Array {
    const value = this.all(number)[0];
    if (!(value instanceof Uint8Array)) throw new Error(`field ${number} is not there or no bytes`);
    return value;
  }

  /** A text field; empty if absent. */
  text(number: number): string {
    return this.has(number) ? new TextDecoder("utf-8", { fatal: true }).decode(this.bytes(number)) : "";
  }

  /** A nested message. */
  message(number: number): Message {
    return new Message(this.bytes(number));
  }

  /** All nested messages of a repeated field. */
  messages(number: number): Message[] {
    return this.all(number).map((value) => new Message(value as Uint8Array));
  }

  /** A double (8 bytes) or float (4 bytes) field. */
  real(number: number): number {
    const bytes = this.bytes(number);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return bytes.length === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  }

  /** A google.protobuf.Timestamp field in milliseconds since 1970. */
  time(number: number): number {
    return this.message(number).int(1) * 1000 + this.message(number).int(2) / 1e6;
  }
}

/** A bitwise CRC with a reflected polynomial. */
function crc(bytes: Uint8Array, polynomial: number): number {
  let state = 0xFFFFFFFF;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ polynomial : state >>> 1;
  }
  return ~state >>> 0;
}

/** Reads every event of a TensorBoard file, checking both checksums of each. */
export function readTensorBoard(file: Uint8Array): Message[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const masked = (bytes: Uint8Array) => {
    const value = crc(bytes, 0x82F63B78);
    return (Math.floor(value / 2 ** 15) + (value % 2 ** 15) * 2 ** 17 + 0xA282EAD8) % 2 ** 32;
  };
  const events: Message[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(file.slice(at, at + 8))) {
      throw new Error(`length at ${at} is damaged`);
    }
    const data = file.slice(at + 12, at + 12 + length);
    if (view.getUint32(at + 12 + length, true) !== masked(data)) throw new Error(`event at ${at} is damaged`);
    events.push(new Message(data));
    at += length + 16;
  }
  return events;
}

/** Reads every record of a `.swanlab` file, checking header, fragments, padding and checksums. */
export function readSwanLab(
  file: Uint8Array,
): { records: Message[]; fragmentTypes: number[]; padded: number } {
  const head = [...":SWL"].map((letter) => letter.charCodeAt(0)).concat([0xD6, 0xE1, 2]);
  if (head.some((byte, index) => file[index] !== byte)) throw new Error("not a SwanLab file");
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const records: Message[] = [], fragmentTypes: number[] = [];
  let parts: Uint8Array[] = [], padded = 0;
  for (let at = 7; at < file.length;) {
    const left = 32768 - at % 32768;
    if (left < 7) {
      if (file.slice(at, at + left).some((byte) => byte !== 0)) {
        throw new Error(`padding at ${at} is not zero`);
      }
      padded++;
      at += left;
      continue;
    }
    const length = view.getUint16(at + 4, true), type = view.getUint8(at + 6), end = at + 7 + length;
    if (end > file.length) throw new Error(`fragment at ${at} is torn`);
    if (length > left - 7) throw new Error(`fragment at ${at} leaves its block`);
    if (view.getUint32(at, true) !== crc(file.slice(at + 6, end), 0xEDB88320)) {
      throw new Error(`fragment at ${at} is damaged`);
    }
    const begins = type === 1 || type === 2;
    if (type < 1 || type > 4 || begins !== (parts.length === 0)) {
      throw new Error(`fragment at ${at} has type ${type}`);
    }
    fragmentTypes.push(type);
    parts.push(file.slice(at + 7, end));
    if (type === 1 || type === 4) {
      records.push(new Message(Uint8Array.from(parts.flatMap((part) => [...part]))));
      parts = [];
    }
    at = end;
  }
  if (parts.length > 0) throw new Error("the last record is torn");
  return { records, fragmentTypes, padded };
}

/**
 * Seeded damage to bytes, for the fuzz tests: the same seed gives the same damage, so a failure can be repeated.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Values that lengths, counts and offsets go wrong with. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `bytes` with one to three pieces of damage; it may equal `bytes` by chance. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let copy = new Uint8Array(bytes);
  for (let count = 1 + random.integer(3); count > 0; count--) copy = damage(copy, random);
  return copy;
}

function damage(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const at = random.integer(bytes.length + 1);
  const length = 1 + random.integer(Math.min(64, bytes.length + 1));
  const copy = new Uint8Array(bytes);
  switch (random.integer(9)) {
    case 0:
    case 1:
    case 2:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(8));
      return copy;
    case 3:
      if (at < copy.length) copy[at] = random.integer(256);
      return copy;
    case 4: {
      const edge = EDGES[random.integer(EDGES.length)] ?? 0;
      const view = new DataView(copy.buffer);
      if (random.integer(2) === 0 && at + 4 <= copy.length) view.setUint32(at, edge, random.integer(2) === 0);
      else if (at + 2 <= copy.length) view.setUint16(at, edge & 0xffff, random.integer(2) === 0);
      return copy;
    }
    case 5:
      return copy.slice(0, at);
    case 6:
      return joined(copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + length)));
    case 7: {
      const from = random.integer(bytes.length + 1);
      return joined(copy.subarray(0, at), bytes.subarray(from, from + length), copy.subarray(at));
    }
    default: {
      const from = random.integer(bytes.length + 1);
      copy.set(bytes.subarray(from, from + Math.min(length, copy.length - at)), at);
      return copy;
    }
  }
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/**
 * The framing of SwanLab's offline file: LevelDB's log format after a header of its own.
 *
 * @module
 */
import { crc32 } from "./crc.ts";
import { message } from "../protobuf.ts";
import type { Framing } from "./record_file.ts";

const BLOCK = 32768, FRAGMENT_HEAD = 7;
const FULL = 1, FIRST = 2, MIDDLE = 3, LAST = 4;

/**
 * LevelDB's log format after a 7-byte header. Blocks are counted from the start of the file, including the header; the
 * checksum is plain CRC-32 over type and data, unlike LevelDB's own.
 */
export const SWANLAB_LOG: Framing = {
  head: Uint8Array.of(0x3A, 0x53, 0x57, 0x4C, 0xD6, 0xE1, 2),
  frame(payload, offset) {
    const parts: Uint8Array[] = [];
    let rest = payload;
    do {
      let room = BLOCK - offset % BLOCK;
      if (room < FRAGMENT_HEAD) {
        parts.push(new Uint8Array(room));
        offset += room;
        room = BLOCK;
      }
      const data = rest.subarray(0, room - FRAGMENT_HEAD);
      const first = rest === payload, last = data.length === rest.length;
      const head = new Uint8Array(FRAGMENT_HEAD);
      head[6] = first ? (last ? FULL : FIRST) : (last ? LAST : MIDDLE);
      const view = new DataView(head.buffer);
      view.setUint32(0, crc32(head.subarray(6), data), true);
      view.setUint16(4, data.length, true);
      parts.push(head, data);
      offset += FRAGMENT_HEAD + data.length;
      if (last) return message(...parts);
      rest = rest.subarray(data.length);
    } while (true);
  },
  unframe(file, offset) {
    const parts: Uint8Array[] = [];
    while (true) {
      const room = BLOCK - offset % BLOCK;
      if (room < FRAGMENT_HEAD) offset += room;
      if (offset + FRAGMENT_HEAD > file.length) return null;
      const view = new DataView(file.buffer, file.byteOffset + offset, FRAGMENT_HEAD);
      const type = view.getUint8(6);
      const start = offset + FRAGMENT_HEAD, end = start + view.getUint16(4, true);
      if (end > file.length) return null;
      if (view.getUint32(0, true) !== crc32(file.subarray(start - 1, end))) return null;
      if ((type === FULL || type === FIRST) !== (parts.length === 0)) return null;
      parts.push(file.subarray(start, end));
      offset = end;
      if (type === FULL || type === LAST) return { payload: message(...parts), end };
    }
  },
};

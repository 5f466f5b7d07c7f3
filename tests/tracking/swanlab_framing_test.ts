import assert from "node:assert/strict";
import { bytesField, message } from "../../src/protobuf.ts";
import { SWANLAB_LOG } from "../../src/tracking/swanlab_framing.ts";
import { readSwanLab } from "../support/tracking_files.ts";

const BLOCK = 32768;

Deno.test("SWANLAB_LOG: zeros fill the end of a block that is too short for a header", () => {
  const second = bytesField(1, "the second");
  for (let room = 0; room <= 9; room++) {
    // 7 bytes of file header, 7 of fragment header, 4 of field header.
    const first = bytesField(1, new Uint8Array(BLOCK - room - 18).fill(7));
    const framed = SWANLAB_LOG.frame(first, SWANLAB_LOG.head.length);
    const offset = SWANLAB_LOG.head.length + framed.length;
    assert.equal(offset, BLOCK - room);
    const file = message(SWANLAB_LOG.head, framed, SWANLAB_LOG.frame(second, offset));

    const { records, fragmentTypes, padded } = readSwanLab(file);
    assert.deepEqual(records.map((record) => record.bytes(1).length), [first.length - 4, 10]);
    assert.equal(padded, room > 0 && room < 7 ? 1 : 0, `room ${room}`);
    assert.deepEqual(fragmentTypes, room < 7 ? [1, 1] : [1, 2, 4]);
    assert.deepEqual(SWANLAB_LOG.unframe(file, offset), { payload: second, end: file.length });
  }
});

Deno.test("SWANLAB_LOG: records of any length and offset are read back", () => {
  for (const length of [0, 1, BLOCK - 8, BLOCK - 7, BLOCK - 6, BLOCK, 3 * BLOCK + 5]) {
    for (const offset of [7, 1000, BLOCK - 7, BLOCK - 1, BLOCK]) {
      const payload = Uint8Array.from({ length }, (_, index) => index % 251);
      const file = message(new Uint8Array(offset), SWANLAB_LOG.frame(payload, offset));
      assert.deepEqual(SWANLAB_LOG.unframe(file, offset)?.payload, payload);
      assert.equal(SWANLAB_LOG.unframe(file.subarray(0, file.length - 1), offset), null);
    }
  }
});

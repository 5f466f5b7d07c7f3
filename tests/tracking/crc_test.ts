import assert from "node:assert/strict";
import { crc32, crc32c, maskedCrc32c } from "../../src/tracking/crc.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("crc32c: the check values of RFC 3720 and the CRC catalog", () => {
  assert.equal(crc32c(bytes("123456789")), 0xE3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8A9136AA);
  assert.equal(crc32c(new Uint8Array(32).fill(0xFF)), 0x62A8AB43);
  assert.equal(crc32c(new Uint8Array()), 0);
});

Deno.test("maskedCrc32c: rotated and shifted, always unsigned", () => {
  // 0xE3069283 rotated right by 15 is 0x2507C60D; plus 0xA282EAD8.
  assert.equal(maskedCrc32c(bytes("123456789")), 0xC78AB0E5);
});

Deno.test("crc32: the check value, in one or several parts", () => {
  assert.equal(crc32(bytes("123456789")), 0xCBF43926);
  assert.equal(crc32(bytes("1234"), bytes(""), bytes("56789")), 0xCBF43926);
});

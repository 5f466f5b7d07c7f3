/**
 * Thousands of damaged files: each is read to complete tensors or refused with an error of this project, never with
 * one of the runtime's.
 */
import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { readTorchCheckpoint } from "../../src/weights/torch_checkpoint.ts";
import { ZipArchive } from "../../src/weights/zip_reader.ts";
import { Random } from "../support/random.ts";
import { editZip, readFixture } from "./support.ts";

/** Edge values of lengths, counts and offsets. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** One to four changes: bits, bytes, runs, deletions, repetitions. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes.slice();
  for (let changes = 1 + random.integer(4); changes > 0 && result.length > 0; changes--) {
    const at = random.integer(result.length);
    const length = Math.min(1 + random.integer(8), result.length - at);
    switch (random.integer(7)) {
      case 0:
        result[at]! ^= 1 << random.integer(8);
        break;
      case 1:
        result[at] = random.integer(256);
        break;
      case 2:
        result.fill(random.pick(EDGES), at, at + length);
        break;
      case 3: // a digit or an opcode becomes an adjacent one
        result[at]! += random.pick([-1, 1]);
        break;
      case 4: // a range is deleted
        result = new Uint8Array([...result.subarray(0, at), ...result.subarray(at + length)]);
        break;
      case 5: // a range is repeated
        result = new Uint8Array([...result.subarray(0, at + length), ...result.subarray(at)]);
        break;
      case 6:
        result.copyWithin(at, random.integer(result.length), random.integer(result.length));
        break;
    }
  }
  return result;
}

async function survives(read: () => StateDict | Promise<StateDict>, what: string): Promise<boolean> {
  try {
    for (const [name, { shape, data }] of await read()) {
      assert.equal(data.length, shape.reduce((product, extent) => product * extent, 1), `${what}: ${name}`);
    }
    return true;
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.match(
      error.message,
      /^Cannot read (safetensors|checkpoint|zip|pickle): /,
      `${what}: ${error.stack}`,
    );
    // The runtime's own errors have other messages.
    assert.ok(
      error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError,
      `${what}: ${error.name}`,
    );
    return false;
  }
}

Deno.test("readSafetensors: 3000 damaged files are read or refused", async () => {
  const random = new Random(1);
  const original = readFixture("types.safetensors");
  let read = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = mutate(original, random);
    if (await survives(() => readSafetensors(bytes).tensors, `round ${round}`)) read++;
  }
  // Some mutations change only a value or a name; if none or all files were read, they would test nothing.
  assert.ok(read > 50 && read < 2000, `${read} were read`);
});

for (const name of ["kinds.pth", "deflated.pth", "protocol4.pth"]) {
  Deno.test(`readTorchCheckpoint: 1000 damaged copies of ${name} are read or refused`, async () => {
    const random = new Random(2);
    const original = readFixture(name);
    for (let round = 0; round < 1000; round++) {
      const bytes = mutate(original, random);
      await survives(() => readTorchCheckpoint(bytes), `round ${round}`);
    }
  });
}

for (const name of ["protocol2.pth", "kinds.pth", "model_state_dict.pth"]) {
  Deno.test(`readTorchCheckpoint: 1500 damaged pickles within ${name} are read or refused`, async () => {
    // The CRCs of the zip would catch nearly every change: here they are corrected.
    const random = new Random(3);
    const original = readFixture(name);
    const pickleName = `${name.replace(".pth", "")}/data.pkl`;
    const pickle = await new ZipArchive(original, 2 ** 20).read(pickleName);
    let read = 0;
    for (let round = 0; round < 1500; round++) {
      const bytes = await editZip(original, { [pickleName]: mutate(pickle, random) });
      if (await survives(() => readTorchCheckpoint(bytes), `round ${round}`)) read++;
    }
    assert.ok(read > 10 && read < 1000, `${read} were read`);
  });
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { RUN_FILES } from "../../src/fs/layout.ts";
import { keepAppearance } from "../../src/training/best_appearance.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { smallModelBytes } from "../support/small_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Inputs of the network that differ from each other. */
function* inputs(count: number) {
  for (let index = 0; index < count; index++) {
    const data = Float32Array.from({ length: 3 * 32 * 32 }, (_, at) => ((at * (index + 3)) % 17) / 8 - 1);
    yield { shape: [3, 32, 32], data };
  }
}

async function keep(folder: string, count: number) {
  const named: unknown[] = [];
  const epochs = {
    progress: { best: { epoch: 1, metrics: {}, sha256: "" } },
    nameBest: (hashes: unknown) => Promise.resolve(void named.push(hashes)),
  };
  const split = { inputs: (most: number) => inputs(Math.min(most, count)) };
  await keepAppearance(folder, epochs as never, { train: split, valid: split } as never);
  return named;
}

Deno.test("keepAppearance: completes the best model, and names the file as it was and as it is", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, RUN_FILES.best);
    const before = smallModelBytes();
    await Deno.writeFile(path, before);
    const named = await keep(folder, 20);
    const after = await Deno.readFile(path);
    assert.deepEqual(named, [{ sha256: hashBytes(after), plainSha256: hashBytes(before) }]);
    const { state, description } = await readModel(after);
    assert.equal(description.appearance!.images, 20);
    assert.deepEqual(state, (await readModel(before)).state);
    // A run that is resumed after its end leaves it.
    assert.deepEqual(await keep(folder, 20), []);
    assert.deepEqual(await Deno.readFile(path), after);
  }));

Deno.test("keepAppearance: leaves the model of too few images as it is", () =>
  inTempFolder(async (folder) => {
    const before = smallModelBytes();
    await Deno.writeFile(join(folder, RUN_FILES.best), before);
    assert.deepEqual(await keep(folder, 8), []);
    assert.deepEqual(await Deno.readFile(join(folder, RUN_FILES.best)), new Uint8Array(before));
  }));

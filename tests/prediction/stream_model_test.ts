import assert from "node:assert/strict";
import { join } from "node:path";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { openModelFile } from "../../src/prediction/stream_model.ts";
import type { Tensor } from "../../src/tensor.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { packModel } from "../../src/unet/model_format.ts";
import {
  blockToState,
  checkFinite,
  checkShapes,
  initialBlock,
  parameterTable,
} from "../../src/unet/parameters.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Of 8 MB: more than a part of the file, and tensors that parts cut. */
const network = completeConfig({ filters: 8 });
const table = parameterTable(network);
const state = blockToState(table, initialBlock(table, 3));
const description = { network, size: 64, normalize: "imagenet", threshold: 0.5 } as const;

/** What a source hands over, joined. */
async function collect(source: NonNullable<Awaited<ReturnType<typeof openModelFile>>["source"]>) {
  checkShapes(table, source.tensors);
  const found = new Map(table.list.map(({ name, size }) => [name, new Float32Array(size).fill(NaN)]));
  await source.pour((name, first, values) => found.get(name)!.set(values, first));
  return found;
}

Deno.test("openModelFile: weights in pieces are those of the whole file, and so is the SHA-256", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const bytes = packModel({ state, description });
    await Deno.writeFile(path, bytes);
    const model = await openModelFile(path, { size: 96 });
    const loaded = await loadModel(path, { size: 96 });
    assert.deepEqual(model.description, loaded.description);
    for (const [name, values] of await collect(model.source!)) {
      assert.deepEqual(values, loaded.state.get(name)!.data, name);
    }
    // Known from the pieces: the file is not read again.
    await Deno.remove(path);
    assert.equal(model.sha256, hashBytes(bytes));
    // Without pieces, it is.
    await Deno.writeFile(path, bytes);
    const other = await openModelFile(path);
    for (const [name, { shape, data }] of loaded.state) {
      const tensor = other.state.get(name)!;
      assert.deepEqual([tensor.shape, tensor.data], [shape, data]);
    }
    assert.equal(other.sha256, loaded.sha256);
  }));

Deno.test("openModelFile: a file that changes meanwhile is refused, by its name", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const bytes = packModel({ state, description });
    for (
      const change of [bytes.subarray(0, -4), bytes.with(40, 0x20), new Uint8Array([...bytes, 0, 0, 0, 0])]
    ) {
      await Deno.writeFile(path, bytes);
      const { source } = await openModelFile(path);
      await Deno.writeFile(path, change);
      await assert.rejects(
        collect(source!),
        /Cannot load the model .*a\.safetensors.* changed while it was read/,
      );
    }
  }));

Deno.test("openModelFile: what the header does not say, or says wrongly, is read as a whole or refused as by loadModel", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "b.safetensors");
    const files: Uint8Array[] = [
      writeSafetensors(state),
      writeSafetensors(state, undefined, "F16"),
      packModel({ state, description }).subarray(0, -1),
      packModel({ state: new Map([...state].slice(1)), description }),
      new TextEncoder().encode("no model"),
      new Uint8Array(3),
    ];
    for (const [index, bytes] of files.entries()) {
      await Deno.writeFile(path, bytes);
      const [opened, loaded] = await Promise.allSettled([openModelFile(path), loadModel(path)]);
      assert.equal(opened.status, loaded.status, `${index}`);
      if (opened.status === "fulfilled" && loaded.status === "fulfilled") {
        assert.deepEqual([opened.value.source, opened.value.sha256], [undefined, loaded.value.sha256]);
      } else if (opened.status === "rejected" && loaded.status === "rejected") {
        assert.equal(opened.reason.message, loaded.reason.message);
      }
    }
    await assert.rejects(openModelFile(join(folder, "none")), /no such file/);
  }));

Deno.test("checkFinite: names the value by its index in the whole tensor", () => {
  const { data }: Tensor = { shape: [3], data: Float32Array.of(1, 2, Infinity) };
  assert.throws(() => checkFinite("a", data, 40), /a holds Infinity at index 42/);
  checkFinite("a", data.subarray(0, 2));
});

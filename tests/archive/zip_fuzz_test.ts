import assert from "node:assert/strict";
import { join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { unzip } from "../../src/archive/unzip.ts";
import { canonicalTree, makeZip, readTree, type Tree } from "../support/archives.ts";
import { mutate } from "../support/mutate.ts";
import { Random } from "../support/random.ts";

const TREE: Tree = {
  "train/a.json": `{"annotations": [${"1, ".repeat(40)}2]}`,
  "train/b.jpg": Uint8Array.from({ length: 90 }, (_, i) => (i * 151) & 255),
  "empty/": null,
};
const MUTATIONS = 500;
const SLOWEST_SECONDS = 2;

/** A zip with data descriptors and zip64 records, so that mutations reach their fields too. */
async function richZip(): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    zip64: true,
    dataDescriptor: true,
    useWebWorkers: false,
    lastModDate: new Date(2020, 0, 1),
  });
  for (const [name, content] of Object.entries(TREE)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writer.add(name, bytes === null ? undefined : new Uint8ArrayReader(bytes), {
      directory: bytes === null,
    });
  }
  return await writer.close();
}

for (
  const [kind, make] of [
    ["stored", () => Promise.resolve(makeZip(TREE, 0))],
    ["deflated", () => Promise.resolve(makeZip(TREE, 6))],
    ["zip64 with data descriptors", richZip],
  ] as const
) {
  Deno.test(`unzip: a damaged zip gives an error or the correct files, and nothing else (${kind})`, async () => {
    const zip = await make();
    const expected = canonicalTree(TREE);
    const folder = await Deno.makeTempDir();
    const [path, output] = [join(folder, "a.zip"), join(folder, "out")];
    const outcomes = { refused: 0, correct: 0 };
    let slowest = 0;
    try {
      for (let seed = 0; seed < MUTATIONS; seed++) {
        await Deno.writeFile(path, mutate(zip, new Random(seed)));
        const start = performance.now();
        let error: unknown = null;
        try {
          await unzip(path, output, { maxBytes: 1 << 20 });
        } catch (caught) {
          error = caught;
        }
        slowest = Math.max(slowest, performance.now() - start);
        assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name).sort().at(0), "a.zip");
        assert.ok([...Deno.readDirSync(folder)].length <= 2, `seed ${seed}`);
        if (error === null) {
          outcomes.correct++;
          assert.deepEqual(canonicalTree(await readTree(output, [".unzip"])), expected, `seed ${seed}`);
          await Deno.remove(output, { recursive: true });
        } else {
          outcomes.refused++;
          assert.ok(error instanceof Error, `seed ${seed}`);
          assert.match(error.message, /^Cannot unpack /, `seed ${seed}: ${error.stack}`);
          if ([...Deno.readDirSync(folder)].length === 2) {
            assert.deepEqual(Object.keys(await readTree(output)), [".unzip/lock"], `seed ${seed}`);
          }
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assert.ok(slowest < 1000 * SLOWEST_SECONDS, `${slowest} ms`);
    assert.ok(outcomes.refused > MUTATIONS / 2 && outcomes.correct > 10, JSON.stringify(outcomes));
  });
}

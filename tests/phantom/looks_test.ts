import assert from "node:assert/strict";
import { join } from "node:path";
import { LOOK_NAMES, type LookName, parseLooks } from "../../src/phantom/looks.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { drawPhantomSlice, type PhantomSlice } from "../../src/phantom/slice.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Seed of a slice with ventricles and a tumor. */
const SEED = 1;
const SLICES = Object.fromEntries(
  LOOK_NAMES.map((name) => [name, drawPhantomSlice(SEED, 128, [name])]),
) as Record<LookName, PhantomSlice>;

async function hashOf({ image }: PhantomSlice): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(image.data)));
  return hash.toHex().slice(0, 16);
}

/** The value below which a share of the pixels lies. */
function quantile({ image: { data } }: PhantomSlice, share: number): number {
  return [...data].sort((a, b) => a - b)[Math.floor(share * (data.length - 1))]!;
}

Deno.test("drawPhantomSlice: a look changes gray values, not the outlines of the tumors", () => {
  const plain = drawPhantomSlice(SEED, 128);
  for (const name of LOOK_NAMES) {
    assert.deepEqual(SLICES[name].outlines, plain.outlines);
    assert.notDeepEqual(SLICES[name].image.data, plain.image.data);
  }
});

Deno.test("drawPhantomSlice: the same pixels of a look on every machine", async () => {
  const hashes: Record<string, string> = {};
  for (const name of LOOK_NAMES) hashes[name] = await hashOf(drawPhantomSlice(1, 64, [name]));
  assert.deepEqual(hashes, {
    t1: "cdc18058f766657f",
    t2: "edbdfc6d85ed03f4",
    flair: "e47c1f583da507a2",
    ct: "d6503a7498197af4",
  });
});

Deno.test("drawPhantomSlice: CT has white bone and black air, MRI neither so", () => {
  assert.deepEqual([quantile(SLICES.ct, 0.2), quantile(SLICES.ct, 0.97)], [0, 255]);
  for (const name of ["t1", "t2", "flair"] as const) {
    assert.ok(quantile(SLICES[name], 0.2) > 0, name);
    assert.ok(quantile(SLICES[name], 0.97) < 250, name);
  }
});

Deno.test("drawPhantomSlice: each slice has one of several looks, whatever the order of drawing", async () => {
  const looks = ["t1", "ct"] as const;
  const counts: Record<string, number> = {};
  for (let seed = 0; seed < 16; seed++) {
    const both = await hashOf(drawPhantomSlice(seed, 32, looks));
    const each = await Promise.all(looks.map((name) => hashOf(drawPhantomSlice(seed, 32, [name]))));
    const name = looks[each.indexOf(both)]!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.ok(counts.t1! >= 4 && counts.ct! >= 4 && counts.t1! + counts.ct! === 16, JSON.stringify(counts));
});

Deno.test("makePhantom: a phantom with looks names them, and is replaced like any other", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "ct");
    const counts = { train: 1, valid: 1, test: 1, size: 32 };
    const report = await makePhantom(output, { ...counts, looks: ["t1", "ct"] });
    assert.deepEqual(report.looks, ["t1", "ct"]);
    const { info } = JSON.parse(await Deno.readTextFile(join(output, "train", "_annotations.coco.json")));
    assert.match(info.description, /; seed 0, 32 pixels, looks t1 ct$/);
    assert.ok(!("looks" in await makePhantom(output, counts)));
  }));

Deno.test("parseLooks: names what is no look, or named twice", () => {
  assert.deepEqual(parseLooks("T1, ct"), ["t1", "ct"]);
  assert.throws(() => parseLooks("pet"), { name: "RangeError", message: /"pet": expected a list of t1, t2/ });
  assert.throws(() => parseLooks("t1,t1"), { name: "RangeError", message: /"t1": it is named twice/ });
  assert.throws(() => parseLooks(""), RangeError);
});

/** Files dealt among ranks, and what a rank that died has left. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ALONE, dealtTo } from "../../src/ranks/share.ts";
import { describeMissing, type LedgerOptions, WorkLedger } from "../../src/ranks/work_ledger.ts";
import { ranksOf } from "../../src/training/collective.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const ITEMS = Array.from({ length: 40 }, (_, index) => ({ name: `images/${index}.png`, stamp: "1" }));

/** Each rank does its files but `without` of them, and returns what all have. */
async function work(
  folder: string,
  size: number,
  { missing = false, key = "k", items = ITEMS, without = 0 }:
    & Partial<Pick<LedgerOptions<string>, "missing" | "key" | "items">>
    & { without?: number } = {},
) {
  return await Promise.all(
    memoryCollectives(size).map(ranksOf).map(async (ranks) => {
      const ledger = await WorkLedger.open<string>({ folder, key, items, ranks, missing });
      const own = ledger.own.slice(0, ledger.own.length - without);
      for (const index of own) ledger.add(index, `${items[index]!.name} by ${size}`);
      return { own, kept: ledger.kept, results: await ledger.collect() };
    }),
  );
}

const names = (size: number) => ITEMS.map(({ name }) => `${name} by ${size}`);

Deno.test("WorkLedger: every file is done by one rank, by its name only, and the first rank gets all results", () =>
  inTempFolder(async (folder) => {
    for (const size of [1, 2, 3]) {
      const ranks = await work(join(folder, `${size}`), size);
      const all = ranks.flatMap(({ own }) => own);
      assert.deepEqual(all.toSorted((a, b) => a - b), ITEMS.map((_, index) => index));
      assert.deepEqual(ranks.map(({ results }) => results), [names(size), ...new Array(size - 1).fill(null)]);
      for (const [rank, { own }] of ranks.entries()) {
        assert.ok(own.every((index) => dealtTo(ITEMS[index]!.name, size) === rank));
        assert.ok(own.length >= 40 / size / 2, "names that are alike are spread");
      }
    }
  }));

Deno.test("WorkLedger: a second run does what is missing, also on other ranks, and what has changed", () =>
  inTempFolder(async (folder) => {
    await work(folder, 3, { without: 2 });
    const changed = ITEMS.map((item, index) => index === 7 ? { ...item, stamp: "2" } : item);
    const [only] = await work(folder, 1, { missing: true, items: changed });
    assert.ok(only!.own.includes(7));
    assert.ok(only!.own.length >= 6 && only!.own.length <= 7);
    assert.equal(only!.kept, 40 - only!.own.length);
    assert.deepEqual(
      only!.results,
      changed.map(({ name }, index) => `${name} by ${only!.own.includes(index) ? 1 : 3}`),
    );
  }));

Deno.test("WorkLedger: other settings, or no --missing, begin again", () =>
  inTempFolder(async (folder) => {
    await work(folder, 2);
    for (const options of [{ missing: true, key: "other" }, { missing: false, key: "other" }]) {
      const [only] = await work(folder, 1, options);
      assert.equal(only!.kept, 0);
      assert.deepEqual(only!.results, names(1));
    }
  }));

Deno.test("WorkLedger: a result without its output is missing", () =>
  inTempFolder(async (folder) => {
    await work(folder, 1);
    const output = (index: number) => join(folder, `${index}.png`);
    for (const index of ITEMS.keys()) if (index !== 3) await Deno.writeTextFile(output(index), "");
    const options = { folder, key: "k", items: ITEMS, ranks: ALONE, missing: true };
    const ledger = await WorkLedger.open<string>({ ...options, outputOf: output });
    assert.deepEqual([ledger.own, ledger.kept], [[3], 39]);
    await ledger.collect();
  }));

Deno.test("WorkLedger: a torn line costs one result, not the next", () =>
  inTempFolder(async (folder) => {
    await work(folder, 1, { without: 5 });
    const path = join(folder, "done-0.jsonl");
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.slice(0, -20));
    const [only] = await work(folder, 1, { missing: true });
    assert.equal(only!.own.length, 6);
    assert.deepEqual(only!.results, names(1));
  }));

Deno.test("describeMissing: names what lost ranks have left undone, and lists all of it in a file", () =>
  inTempFolder(async (folder) => {
    const ledger = await WorkLedger.open<string>({
      folder,
      key: "k",
      items: ITEMS,
      ranks: ALONE,
      missing: false,
    });
    ledger.add(0, "done");
    const text = describeMissing(folder, [0]);
    const rest = ITEMS.slice(1).map(({ name }) => name);
    assert.equal(
      text,
      `39 of its files are missing: ${rest.slice(0, 5).join(", ")}, ... (all in ${
        join(folder, "missing.txt")
      })`,
    );
    assert.equal(
      await Deno.readTextFile(join(folder, "missing.txt")),
      rest.map((name) => `${name}\n`).join(""),
    );
    assert.equal(describeMissing(folder, [1]), null, "a rank that had not begun");
    await ledger.collect();
  }));

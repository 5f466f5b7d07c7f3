/**
 * Evaluation and prediction on the ranks of a real `mpirun`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { filesUnder } from "../support/temp_folder.ts";
import { type RunningWorld, runWorld, startWorld, succeeded } from "./mpirun.ts";

/** Where the checks find a dataset and a model, and write. */
export interface SharedWorkPlaces {
  /** A dataset with a test split. */
  readonly data: string;
  /** Its prepared images. */
  readonly cache: string;
  /** A model file. */
  readonly model: string;
  /** A folder for the results of this check. */
  readonly output: string;
}

/** Ranks write the bytes of one, and a killed rank's files are named and done by a second run. */
export async function checkSharedWork(places: SharedWorkPlaces): Promise<void> {
  for (const task of ["evaluate", "predict"] as const) {
    const command = (output: string) => commandOf(task, places, output);
    const [one, two] = [join(places.output, `${task}-1`), join(places.output, `${task}-2`)];
    succeeded(await runWorld(1, command(one)));
    const outcome = await runWorld(2, command(two));
    succeeded(outcome);
    assert.match(outcome.stderr, /^ranks 0, 1 on /m);
    assert.equal((outcome.stderr.match(/^model /gm) ?? []).length, 1, "one rank speaks for all");
    await same(two, one);
  }
  const output = join(places.output, "killed");
  const world = startWorld(2, commandOf("predict", places, output));
  await untilDone(join(output, ".predict"), world);
  const pid = (await world.ranks()).get(1);
  await new Deno.Command("sh", { args: ["-c", `kill -9 ${pid}`] }).output();
  const { code, errors } = await world.ended;
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /rank 1 of 2 ended without a word: .*; \d+ of its files are missing: .*\.jpg/);
  succeeded(await runWorld(1, [...commandOf("predict", places, output), "--missing"]));
  await same(output, join(places.output, "predict-1"));
}

function commandOf(
  task: "evaluate" | "predict",
  { data, cache, model }: SharedWorkPlaces,
  output: string,
): string[] {
  const what = task === "predict" ? [join(data, "test"), "--batch-size", "4"] : ["--data", data];
  const common = ["--distributed", "--model", model, "--output", output];
  return [task, ...what, ...common, ...(task === "evaluate" ? ["--cache", cache] : [])];
}

/** The files of two outputs are equal but for the paths in them. */
async function same(output: string, expected: string): Promise<void> {
  // A killed rank may leave a file under a temporary name.
  const listed = async (folder: string) =>
    (await filesUnder(folder)).filter((name) => !name.startsWith(".predict/") && !name.endsWith(".tmp"));
  const names = await listed(output);
  assert.deepEqual(names, await listed(expected));
  assert.ok(names.length > 4);
  for (const name of names) {
    const [own, other] = await Promise.all(
      [output, expected].map((folder) => Deno.readFile(join(folder, name))),
    );
    if (!/\.(json|html)$/.test(name)) assert.ok(own!.every((byte, at) => byte === other![at]), name);
    else assert.equal(textOf(own!).replaceAll(basename(output), basename(expected)), textOf(other!), name);
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Waits until the second rank has done a file, with more to do. */
async function untilDone(ledger: string, world: RunningWorld): Promise<void> {
  let ended = false;
  world.ended.then(() => ended = true);
  while (!ended) {
    const text = await Deno.readTextFile(join(ledger, "done-1.jsonl")).catch(() => "");
    if (text.includes("\n")) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("the world ended by itself");
}

/**
 * What the screenshots show: phantoms, and real runs on them, made once and kept for the next time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RUN_FILES } from "../../src/fs/layout.ts";
import { ifFound } from "../../src/fs/paths.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { command as train } from "../../tasks/train.ts";
import { CACHE } from "./fixtures.ts";
import { runInProcess } from "../support/run_task.ts";

/** Folders below those that the board may show. */
export const [DATA, RUNS] = ["dataset/screenshots", "runs/screenshots"];

/** The run whose results are shown. */
export const SHOWN_RUN = "strong";

const SHARED = ["--size", "96", "--batch-size", "8", "--epochs", "14", "--seed", "1", "--patience", "0"];
const STRONG = ["--recipe", "strong", "--learning-rate", "4e-3", "--average", "0.9"];
const TRAINED: Readonly<Record<string, readonly string[]>> = {
  [SHOWN_RUN]: [...STRONG, "--filters", "8"],
  "half-the-filters": [...STRONG, "--filters", "4"],
  "original-recipe": ["--recipe", "original", "--filters", "8", "--learning-rate", "1e-3"],
};

/** Makes what is missing; training takes minutes. */
export async function makeShowcase(onNote: (note: string) => void): Promise<void> {
  if (await ifFound(Deno.stat(DATA)) === null) {
    await makePhantom(DATA, { train: 72, valid: 16, test: 24, size: 256, seed: 5 });
  }
  const tracking = ["--swanlab", "off", "--no-tensorboard", "--cache", CACHE];
  for (const [name, flags] of Object.entries(TRAINED)) {
    const run = `${RUNS}/${name}`;
    if (await ifFound(Deno.stat(`${run}/${RUN_FILES.best}`)) !== null) continue;
    onNote(`training ${run}`);
    const { code, stderr } = await runInProcess(train(), [
      ...["--data", DATA, "--run", run, "--force", ...SHARED, ...flags, ...tracking],
    ]);
    assert.equal(code, 0, stderr);
  }
  const run = `${RUNS}/${SHOWN_RUN}`;
  if (await ifFound(Deno.stat(`${run}/test.json`)) === null) {
    onNote(`evaluating ${run}`);
    const { code, stderr } = await runInProcess(evaluate(), [
      "--run",
      run,
      "--data",
      DATA,
      "--audit",
      "--cache",
      CACHE,
    ]);
    assert.equal(code, 0, stderr);
  }
}

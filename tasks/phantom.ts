/**
 * `phantom`: a synthetic dataset in the layout of the real ones.
 *
 * @module
 */
import type { Command } from "commander";
import { plural } from "../src/cli/format.ts";
import { runStoppable } from "../src/cli/interrupt.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStdout } from "../src/cli/task.ts";
import { makePhantom, type PhantomOptions, type PhantomReport } from "../mod.ts";

interface Options extends Required<Pick<PhantomOptions, "train" | "valid" | "test" | "size" | "seed">> {
  readonly output: string;
  readonly zip?: string;
  readonly json?: boolean;
}

/** The `phantom` command. */
export function command(): Command {
  return createCommand(
    "phantom",
    "Makes a synthetic dataset: schematic brain slices as JPEGs, with COCO annotations of their tumors. " +
      "The same seed gives the same bytes. A phantom that is there already is replaced, nothing else ever.",
  )
    .option("--output <folder>", "where the dataset goes", "dataset/phantom")
    .option("--train <count>", "images to train on", integer(0, 100_000), 96)
    .option("--valid <count>", "images to validate with", integer(0, 100_000), 16)
    .option("--test <count>", "images to test with", integer(0, 100_000), 16)
    .option("--size <pixels>", "width and height of the images", integer(32, 2048), 256)
    .option("--seed <number>", "what the images are drawn from", integer(0, 2 ** 32 - 1), 0)
    .option("--zip <file>", "write the dataset as a zip, too")
    .option("--json", "print what was made as one JSON document")
    .action(draw);
}

async function draw({ output, json, ...options }: Options): Promise<void> {
  const progress = new Progress({
    label: "drawing phantoms",
    total: options.train + options.valid + options.test,
  });
  const report = await runStoppable((signal) =>
    makePhantom(output, {
      ...options,
      onProgress: (done) => {
        signal.throwIfAborted();
        progress.update(done);
      },
    })
  ).finally(() => progress.clear());
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe({ output, zip, splits }: PhantomReport): string {
  const lines = Object.entries(splits).map(([split, { images, annotations, empty }]) =>
    `${output}/${split}: ${plural(images, "image")}, ${plural(annotations, "tumor")}, ${empty} without one\n`
  );
  if (zip !== null) lines.push(`${zip}: all of it as a zip\n`);
  return lines.join("");
}

if (import.meta.main) await main(command());

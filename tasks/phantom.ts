/**
 * `phantom`: a synthetic dataset in the layout of the real ones.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { plural } from "../src/format.ts";
import { runStoppable } from "../src/cli/interrupt.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStdout } from "../src/cli/task.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { type LookName, parseLooks } from "../src/phantom/looks.ts";
import { makePhantom, type PhantomOptions, type PhantomReport } from "../mod.ts";

interface Options extends Required<Pick<PhantomOptions, "train" | "valid" | "test" | "size" | "seed">> {
  readonly output: string;
  readonly look?: readonly LookName[];
  readonly zip?: string;
  readonly json?: boolean;
}

/** The `phantom` command. */
export function command(): Command {
  return createCommand(
    "phantom",
    "Creates a synthetic dataset: schematic brain slices as JPEGs, with COCO annotations of their tumors. " +
      "The same seed yields the same bytes. An existing phantom is replaced, nothing else ever is.",
  )
    .option("--output <folder>", "folder for the dataset", FOLDERS.phantom)
    .option("--train <count>", "images for training", integer(0, 100_000), 96)
    .option("--valid <count>", "images for validation", integer(0, 100_000), 16)
    .option("--test <count>", "images for testing", integer(0, 100_000), 16)
    .option("--size <pixels>", "width and height of the images", integer(32, 2048), 256)
    .option("--seed <number>", "seed of the images", integer(0, 2 ** 32 - 1), 0)
    .option(
      "--look <names>",
      "what images look like, a comma-separated list of t1, t2, flair and ct, one for each image; the anatomy and the " +
        "tumors stay (default: three MRI sequences of one scanner)",
      looks,
    )
    .option("--zip <file>", "also write the dataset as a zip")
    .option("--json", "print the result as one JSON document")
    .action(draw);
}

function looks(text: string): LookName[] {
  try {
    return parseLooks(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

async function draw({ output, json, look, ...options }: Options): Promise<void> {
  const progress = new Progress({
    label: "drawing phantoms",
    total: options.train + options.valid + options.test,
  });
  const report = await runStoppable((signal) =>
    makePhantom(output, {
      ...options,
      ...(look === undefined ? {} : { looks: look }),
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
    `${output}/${split}: ${plural(images, "image")}, ${
      plural(annotations, "tumor")
    }, ${empty} without a tumor\n`
  );
  if (zip !== null) lines.push(`${zip}: the dataset as a zip\n`);
  return lines.join("");
}

if (import.meta.main) await main(command());

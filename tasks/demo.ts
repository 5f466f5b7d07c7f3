/**
 * `demo`: a tour on a synthetic dataset, from making it to predicted masks.
 *
 * @module
 */
import type { Command } from "commander";
import { formatSeconds } from "../src/format.ts";
import { createCommand, ExitError, integer, main, runTask, writeStdout } from "../src/cli/task.ts";
import { command as evaluate } from "./evaluate.ts";
import { command as phantom } from "./phantom.ts";
import { command as predict } from "./predict.ts";
import { command as train } from "./train.ts";
import { listFolder } from "../src/fs/paths.ts";
import { evaluationNames, FOLDERS } from "../src/fs/layout.ts";

const DATA = `${FOLDERS.data}/phantom`;
const RUN = `${FOLDERS.runs}/demo`;
const OUTPUT = `${FOLDERS.predictions}/demo`;

/** The size of the tour's dataset and network. */
interface Scale {
  images: { train: number; valid: number; test: number };
  size: number;
  filters: number;
  epochs: number;
}

/** Minutes on two cores, for a Dice of 0.9. */
const FULL: Scale = { images: { train: 96, valid: 16, test: 32 }, size: 128, filters: 8, epochs: 16 };

/** Dice on the test split that the full tour's model exceeds with any seed. */
const EXPECTED_DICE = 0.8;

/** Seconds, to check that everything works. */
const QUICK: Scale = { images: { train: 24, valid: 4, test: 6 }, size: 64, filters: 4, epochs: 4 };

/** One stop of the tour. */
interface Stop {
  title: string;
  command: Command;
  args: string[];
}

/** Flags from names and values. */
function flags(values: Record<string, string | number>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

function stops(seed: number, { images, size, filters, epochs }: Scale): Stop[] {
  return [
    {
      title: "making a synthetic dataset: schematic brain slices with annotated tumors",
      command: phantom(),
      args: flags({ output: DATA, ...images, size, seed }),
    },
    {
      title: "training a small UNet on it with the strong recipe",
      command: train(),
      args: [
        ...flags({ data: DATA, run: RUN, recipe: "strong", filters, size, "batch-size": 8 }),
        // Few steps in total: larger ones, and an EMA over the last few.
        ...flags({ epochs, "learning-rate": "4e-3", average: 0.9, seed }),
        "--force",
      ],
    },
    {
      title: "evaluating it on unseen images",
      command: evaluate(),
      args: flags({ data: DATA, run: RUN, split: "test" }),
    },
  ];
}

/** The `demo` command. */
export function command(): Command {
  return createCommand(
    "demo",
    "A tour in minutes: makes phantoms, trains, evaluates, and predicts three masks.",
  )
    .option(
      "--seed <number>",
      "seed of the dataset, the initial weights and training",
      integer(0, 2 ** 32 - 1),
      0,
    )
    .option(
      "--quick",
      "fewer and smaller images, and a network too small to be accurate: seconds instead of minutes",
    )
    .action(async ({ seed, quick }: { seed: number; quick?: boolean }) => {
      const start = performance.now();
      const tour = stops(seed, quick ? QUICK : FULL);
      for (const [index, { title, command, args }] of tour.entries()) {
        await visit(`${index + 1}/${tour.length + 1}`, title, command, args);
      }
      const images = await firstImages(`${DATA}/test`, 3);
      const args = [...images, "--run", RUN, "--output", OUTPUT];
      await visit(`${tour.length + 1}/${tour.length + 1}`, "predicting three masks", predict(), args);
      const seconds = (performance.now() - start) / 1000;
      writeStdout(
        `\nverdict: ${describeVerdict(await pooledDice(), quick === true)}\n\n` +
          `the tour took ${formatSeconds(seconds)}; see\n` +
          `  ${RUN}/report.html       curves, metrics and images in one page\n` +
          `  ${RUN}/predictions.png   true and predicted masks, side by side\n` +
          `  ${RUN}/test.json         the metrics\n` +
          `  ${OUTPUT}/   mask, probabilities and figure of each of three images\n` +
          "and continue with your own images:\n" +
          "  deno task inspect dataset          # counts and problems of your dataset\n" +
          "  deno task train --recipe strong    # train on it\n" +
          "  deno task predict image.jpg        # segment an image\n",
      );
    });
}

/** Dice of all pixels of the test split; null if nothing is predicted and nothing is true. */
async function pooledDice(): Promise<number | null> {
  const text = await Deno.readTextFile(`${RUN}/${evaluationNames("test").json}`);
  return JSON.parse(text).summary.pooled.dice;
}

/** What the tour proves, and what to do if its model is worse than it should be. */
export function describeVerdict(dice: number | null, quick: boolean): string {
  const score = dice === null ? "an undefined Dice" : `a Dice of ${dice.toFixed(3)}`;
  const where = `${score} on unseen images`;
  if (quick) {
    return `every step works here; ${where}, by a network too small to be accurate: run deno task demo`;
  }
  if (dice !== null && dice >= EXPECTED_DICE) return `everything works here: ${where}`;
  return `every step runs here, but ${where} is less than the expected ${EXPECTED_DICE}: run deno task doctor`;
}

async function visit(place: string, title: string, command: Command, args: string[]): Promise<void> {
  writeStdout(`\n[${place}] ${title}\n$ deno task ${command.name()} ${args.join(" ")}\n`);
  const code = await runTask(command, args);
  if (code !== 0) throw new ExitError(code);
}

async function firstImages(folder: string, count: number): Promise<string[]> {
  const names = (await listFolder(folder)).map(({ name }) => name).filter((name) => name.endsWith(".jpg"));
  return names.sort().slice(0, count).map((name) => `${folder}/${name}`);
}

if (import.meta.main) await main(command());

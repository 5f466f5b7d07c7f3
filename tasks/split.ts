/**
 * `split`: a dataset's images dealt anew, with those that seem to be one together.
 *
 * @module
 */
import type { Command } from "commander";
import { formatPercent, plural } from "../src/cli/format.ts";
import { runStoppable } from "../src/cli/interrupt.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, number, writeStderr, writeStdout } from "../src/cli/task.ts";
import { regroupDataset, type RegroupOptions, type RegroupPhase, type RegroupReport } from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface Options extends Required<Pick<RegroupOptions, "valid" | "test" | "seed">> {
  readonly output: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Problems that the text names; `inspect` lists all. */
const SHOWN_PROBLEMS = 5;

/** The `split` command. */
export function command(): Command {
  return createCommand(
    "split",
    "Deals a dataset's annotated images anew to train, valid and test, so that images that seem to be one " +
      "(what inspect finds: equal bytes, equal names, near-equal pixels also mirrored, turned or resized) share a " +
      "split. Images are copied; the dataset itself stays as it is.",
  )
    .argument("[data]", "folder with train/, valid/ (or val/) and test/", FOLDERS.data)
    .option("--output <folder>", "where the new dataset goes", "dataset/regrouped")
    .option("--valid <share>", "share of the images to validate with, 0 for none", number(0, 1), 0.15)
    .option("--test <share>", "share of the images to test with, 0 for none", number(0, 1), 0.15)
    .option("--seed <number>", "what the order of equal groups is drawn from", integer(0, 2 ** 32 - 1), 0)
    .option("--force", "replace what is at the output, whatever it is; else only an earlier result is")
    .option("--json", "print what was done as one JSON document")
    .action(split);
}

async function split(data: string, { output, json, ...options }: Options): Promise<void> {
  let progress: Progress | undefined;
  let label: RegroupPhase | undefined;
  const report = await runStoppable((signal) =>
    regroupDataset(data, output, {
      ...options,
      onProgress: (phase, done, total) => {
        signal.throwIfAborted();
        if (phase !== label) {
          progress?.clear();
          progress = new Progress({ label: phase, total });
          label = phase;
        }
        progress!.update(done);
      },
    })
  ).finally(() => progress?.clear());
  for (const { kind, message, effect } of report.problems.slice(0, SHOWN_PROBLEMS)) {
    writeStderr(`warning: ${kind}, ${effect}: ${message}\n`);
  }
  if (report.problems.length > SHOWN_PROBLEMS) {
    writeStderr(`warning: and ${report.problems.length - SHOWN_PROBLEMS} more: inspect lists them\n`);
  }
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe(report: RegroupReport): string {
  const { output, images, renamed, unlisted, groups, splits, sharedPairs } = report;
  const before = `${sharedPairs.before >= 10_000 ? "at least " : ""}${
    plural(sharedPairs.before, "pair")
  } of them`;
  const lines = [
    `${plural(images, "image")} in ${plural(groups.count, "group")}; ${before} stood in different splits`,
    `  group sizes             ${
      groups.sizes.map(({ images, groups }) => groups === 1 ? `${images}` : `${images} (${groups} times)`)
        .join(", ")
    }`,
    ...Object.entries(splits).map(([name, split]) =>
      `  ${name.padEnd(24)}${plural(split.images, "image")} (${formatPercent(split.images / images)}) in ` +
      `${plural(split.groups, "group")}, ${plural(split.annotations, "annotation")} in ${split.annotated}`
    ),
  ];
  if (renamed > 0) {
    lines.push(`  renamed                 ${renamed}: other splits had images of the same names`);
  }
  if (unlisted > 0) lines.push(`  left out                ${plural(unlisted, "file")} without an entry`);
  return `${lines.join("\n")}\n${describeLargest(report)}` +
    `${output}: inspect finds ${sharedPairs.after} pairs of images that its splits share\n`;
}

/** What follows from the largest group, where that is more than a line in the list of sizes. */
function describeLargest({ images, groups: { largest }, splits }: RegroupReport): string {
  if (largest.images < 3) return "";
  const pairs = largest.images * (largest.images - 1) / 2;
  const lines = [
    `  largest group           ${largest.images} images, all in ${largest.split}: ${
      largest.pairs === pairs
        ? "all alike"
        : `${largest.pairs} of their ${pairs} pairs are alike and chain them together`
    }`,
  ];
  const { target } = splits[largest.split]!;
  if (largest.images > target) {
    const others = Object.entries(splits).filter(([name]) => name !== largest.split);
    lines.push(
      `warning: the largest group is larger than ${largest.split}'s share of ${target}: ${
        others.map(([name, split]) => `${name} has ${split.images} of the ${split.target} asked for`).join(
          ", ",
        )
      }, and what is trained on is little but variations of one image (${
        formatPercent(largest.images / images)
      } of all)`,
    );
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) await main(command());

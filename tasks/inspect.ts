/**
 * `inspect`: what a dataset contains, its problems, and the images that its splits share.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import { addClassOptions } from "../src/cli/class_options.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { join } from "node:path";
import { formatPercent, plural } from "../src/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import {
  type ClassOptions,
  type DatasetReport,
  inspectDataset,
  type SplitReport,
  UNANNOTATED,
  type Unannotated,
} from "../mod.ts";
import { addCorrectionsOption } from "../src/cli/corrections_option.ts";
import { describeLeftOut } from "../src/dataset/corrections_merge.ts";
import { describeDepth } from "../src/dataset/depths.ts";
import { type DuplicateGroup, groupPairs } from "../src/dataset/near_duplicates.ts";
import { writeOverview } from "../src/dataset/overview.ts";
import { FOLDERS, OVERVIEW_FILE } from "../src/fs/layout.ts";

interface Options extends ClassOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly pixels: boolean;
  readonly unannotated: Unannotated;
  readonly figure?: string | true;
  readonly corrections?: readonly string[];
}

/** Files listed with a note in the text; `--json` lists all. */
const SHOWN_FILES = 3;

/** Pairs of classes listed in the text; `--json` lists all. */
const SHOWN_OVERLAPS = 5;

/** Groups of near-duplicates listed in the text; `--json` lists all pairs. */
const SHOWN_GROUPS = 10;

/** The `inspect` command. */
export function command(): Command {
  const made = addFollowLinks(
    createCommand(
      "inspect",
      "Describes the splits of a dataset: images, annotations, sizes, share of foreground pixels, all problems, " +
        "and images that are in more than one split.",
    )
      .argument("[data]", "folder with train/, valid/ (or val/) and test/", FOLDERS.data)
      .addOption(
        new Option(
          "--unannotated <how>",
          "images without annotations: empty takes them as background only, skip leaves them out",
        ).choices([...UNANNOTATED]).default("empty"),
      )
      .option(
        "--no-pixels",
        "do not decode the images: faster, but finds no damaged images and only exact copies",
      )
      .option("--strict", "fail if an annotation or an image has a problem")
      .option(
        "--figure [file]",
        "draw 24 images with the outlines of their classes, in DATA/overview.png or the given PNG file",
        parsePng,
      )
      .option("--json", "print the report as one JSON document"),
  );
  return addCorrectionsOption(addClassOptions(made)).action(inspect);
}

async function inspect(data: string, options: Options): Promise<void> {
  let progress: Progress | undefined;
  const { classes, merge, binary } = options;
  const report = await inspectDataset(data, {
    classes: { classes, merge, binary },
    corrections: options.corrections,
    unannotated: options.unannotated,
    pixels: options.pixels,
    onProgress: (done, total) => {
      progress ??= new Progress({ label: "inspecting images", total });
      progress.update(done);
    },
  });
  progress?.clear();
  const figure = options.figure === undefined
    ? null
    : await drawFigure(data, options.figure, { classes, merge, binary });
  const document = { ...report, ...(figure !== null && { figure }) };
  writeStdout(
    options.json
      ? `${JSON.stringify(document, null, 2)}\n`
      : describeReport(report) + (figure === null ? "" : `wrote ${escapeLine(figure)}\n`),
  );
  if (options.strict && report.problems > 0) {
    writeStderr(`error: ${plural(report.problems, "problem")} (strict)\n`);
    throw new ExitError(EXIT.failed);
  }
}

/** The value of `--figure`, which would also take a folder that follows it. */
function parsePng(text: string): string {
  if (/\.png$/i.test(text)) return text;
  throw new InvalidArgumentError(
    "expected a file name that ends in .png; a dataset's folder goes before --figure.",
  );
}

/** Draws the contact sheet; returns its path. */
async function drawFigure(data: string, file: string | true, classes: ClassOptions): Promise<string> {
  const path = file === true ? join(data, OVERVIEW_FILE) : file;
  let progress: Progress | undefined;
  await writeOverview(data, path, {
    classes,
    onProgress: (done, total) => {
      progress ??= new Progress({ label: "drawing images", total });
      progress.update(done);
    },
  }).finally(() => progress?.clear());
  return path;
}

function describeReport(report: DatasetReport): string {
  return [
    ...report.splits.map((split) => describeSplit(split, report.unannotated)),
    ...describeClasses(report),
    describeNearDuplicates(report),
    ...describeCorrections(report),
    ...describePartly(report),
  ].join("\n");
}

/** At the end, where it is seen: such images teach that a lesion is background. */
function describePartly({ splits }: DatasetReport): string[] {
  const partly = splits.filter((split) => split.partlyAnnotated > 0);
  if (partly.length === 0) return [];
  const counts = partly.map((split) => `${split.partlyAnnotated} in ${escapeLine(split.name)}`).join(", ");
  return [
    `warning: images annotated only in part: ${counts}. What cannot be drawn counts as background there.\n` +
    "  hint: draw the annotations that are listed above, or remove these images from the annotation file\n",
  ];
}

/** What training makes of the corrections that were named. */
function describeCorrections({ corrections }: DatasetReport): string[] {
  if (corrections === undefined) return [];
  const { corrected, joined, negatives } = corrections;
  const parts = [
    `${plural(corrected, "image")} of the train split`,
    ...(joined > 0 ? [`${plural(joined, "image")} without annotations, which training adds to it`] : []),
  ];
  const nothing = negatives > 0 ? `; ${negatives} of them corrected to nothing` : "";
  const lines = [
    `Corrections: ${parts.join(", ")}${nothing}.`,
    ...describeLeftOut(corrections).map(escapeLine),
  ];
  return [`${lines.join("\n  ")}\n`];
}

/** What training makes of several classes. */
function describeClasses({ splits, classFault }: DatasetReport): string[] {
  if (classFault !== null) return [`${classFault}\n`];
  const read = splits.filter(({ role }) => role === "train" || role === "valid");
  const seen = read.flatMap(({ classes }) => classes.filter(({ images }) => images > 0));
  const count = new Set(seen.map(({ name }) => name)).size;
  if (count < 2) return [];
  const overlaps = read.flatMap((split) => split.overlaps);
  const head = overlaps.length === 0
    ? "no two overlap, so that training takes exclusive ones (--head softmax)"
    : "some overlap, so that training takes each on its own (--head sigmoid)";
  return [`${count} classes: ${head}.\n`];
}

function describeSplit(split: SplitReport, unannotated: Unannotated): string {
  const lines = [
    escapeLine(split.name) + (split.role === "other" || split.role === split.name ? "" : ` (${split.role})`),
  ];
  const add = (label: string, value: string) => lines.push(`  ${label.padEnd(24)}${value}`);
  if (split.annotationFile === null) {
    add("images", `${plural(split.files, "file")}, no annotation file: not used`);
    return lines.join("\n") + "\n";
  }
  add("images", `${split.images} of ${plural(split.files, "file")}`);
  add("annotations", `${split.annotations} in ${plural(split.annotated, "image")}`);
  if (split.partlyAnnotated > 0) {
    const count = plural(split.partlyAnnotated, "image");
    add("annotated in part", `${count}: what cannot be drawn counts as background`);
  }
  if (split.unannotated > 0) {
    const taken = unannotated === "skip"
      ? "left out"
      : `taken as background only${
        split.annotated === 0 ? ", though nothing in the split is annotated" : ""
      }`;
    add(
      "without annotation",
      `${split.unannotated}: nothing to annotate or not labeled yet; ${taken}`,
    );
  }
  if (split.invalid > 0) {
    add("invalid entries", `${plural(split.invalid, "image")} left out: see the problems`);
  }
  if (split.unusable > 0) add("unusable annotations", `${plural(split.unusable, "image")} left out`);
  if (split.uncertain > 0) {
    const taken = unannotated === "empty" ? "the split is refused" : "left out";
    add("uncertain", `${split.uncertain} without annotation, but ${split.uncertainty}; ${taken}`);
  }
  add("samples", String(split.samples));
  add(
    "categories",
    split.categories.map(({ id, name, annotations }) => `${escapeLine(name)} (${id}): ${annotations}`).join(
      ", ",
    ),
  );
  if (split.mergesCategories) add("", "merged: all of them are the one foreground class");
  split.classes.forEach(({ name, images, share }, i) => {
    const pixels = share === null ? "" : `, ${formatPercent(share)} of pixels`;
    add(i === 0 ? "classes" : "", `${i + 1} ${escapeLine(name)}: in ${plural(images, "image")}${pixels}`);
  });
  split.overlaps.slice(0, SHOWN_OVERLAPS).forEach(({ classes, images, pixels }, i) => {
    const names = classes.map(escapeLine).join(" and ");
    add(i === 0 ? "overlaps" : "", `${names}: ${plural(pixels, "pixel")} in ${plural(images, "image")}`);
  });
  const more = split.overlaps.length - SHOWN_OVERLAPS;
  if (more > 0) add("", `and ${plural(more, "pair")} more: --json lists all`);
  if (split.ignoredShare > 0) {
    add("ignored", `${formatPercent(split.ignoredShare)} of pixels count neither in the loss nor in metrics`);
  }
  add("sizes", split.sizes.map(({ width, height, images }) => `${width} x ${height}: ${images}`).join(", "));
  split.depths.forEach((depth, i) => {
    add(i === 0 ? "bit depth" : "", `${plural(depth.images, "image")} of ${describeDepth(depth)}`);
  });
  if (split.foregroundShare !== null) {
    const { mean, least, median, largest } = split.foregroundShare;
    add("foreground pixels", `${formatPercent(mean)} on average`);
    add(
      "",
      `if annotated: ${[least, median, largest].map(formatPercent).join(", ")} (least, median, largest)`,
    );
  }
  if (split.allBackgroundAccuracy !== null) {
    add(
      "all-background accuracy",
      `${formatPercent(split.allBackgroundAccuracy)} by predicting only background`,
    );
  }
  add("problems", split.problems.length === 0 ? "none" : String(split.problems.length));
  for (const { kind, message, effect } of split.problems) {
    lines.push(`    ${kind}, ${effect}: ${escapeLine(message)}`);
  }
  if (split.notes.length > 0) add("notes", String(split.notes.length));
  for (const { kind, message, files } of split.notes) {
    const more = files.length > SHOWN_FILES ? ", ..." : "";
    const names = files.slice(0, SHOWN_FILES).join(", ");
    lines.push(
      `    ${kind}, ${plural(files.length, "image")}: ${escapeLine(`${message} (${names}`)}${more})`,
    );
  }
  return lines.join("\n") + "\n";
}

function describeNearDuplicates({ nearDuplicates, pixels, splits }: DatasetReport): string {
  const { pairs, complete, images } = nearDuplicates;
  const how = pixels ? "" : " (by bytes and names only)";
  if (pairs.length === 0) return `No near-duplicates across splits${how}.\n`;
  const shares = splits
    .filter(({ name }) => images[name] !== undefined)
    .map((split) => `${images[split.name]} of ${split.images} in ${escapeLine(split.name)}`);
  const groups = groupPairs(pairs);
  const count = `${complete ? "" : "more than "}${plural(pairs.length, "pair")}`;
  const grouped = groups.length < pairs.length ? `, in ${plural(groups.length, "group")}` : "";
  const lines = [
    `warning: ${count} of near-duplicates across splits${how}${grouped}:`,
    `  ${shares.join(", ")}. Scores on them measure memorization.`,
    "  hint: deno task split keeps near-duplicates in one split",
    ...groups.slice(0, SHOWN_GROUPS).map(describeGroup),
  ];
  const more = groups.length - SHOWN_GROUPS;
  if (more > 0) lines.push(`  and ${plural(more, "group")} more: --json lists all pairs`);
  return lines.join("\n") + "\n";
}

/** `train/a.png and 2 more = valid/c.png (same bytes)`. */
function describeGroup({ files, reasons }: DuplicateGroup): string {
  const sides = [...Map.groupBy(files, ({ split }) => split)].map(([split, same]) => {
    const more = same.length > 1 ? ` and ${same.length - 1} more` : "";
    return `${escapeLine(`${split}/${same[0]!.fileName}`)}${more}`;
  });
  return `  ${sides.join(" = ")} (${reasons.join(", ")})`;
}

if (import.meta.main) await main(command());

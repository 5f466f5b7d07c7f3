/**
 * `card`: what a model is for, made of and worth; and whether its files are those that its card is about.
 *
 * @module
 */
import type { Command } from "commander";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import {
  addExamples,
  createCommand,
  EXIT,
  ExitError,
  GROUPS,
  main,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { cardPaths, readCard, writeCard } from "../src/card/card_files.ts";
import type { DataLicence } from "../src/card/card_format.ts";
import { withLicence } from "../src/card/make_card.ts";
import { cardMarkdown } from "../src/card/card_text.ts";
import { type Verification, verifyData, verifyModel } from "../src/card/verify_card.ts";
import { escapeLine } from "../src/escape.ts";
import { plural } from "../src/format.ts";
import { findModelFile, loadModel } from "../src/prediction/load_model.ts";

interface Options {
  readonly attribution?: string;
  readonly data?: string;
  readonly license?: string;
  readonly licenseUrl?: string;
  readonly json?: boolean;
}

/** Most differences that are printed. */
const MOST_SHOWN = 50;

/** The `card` command. */
export function command(): Command {
  const card = createCommand(
    "card",
    "Shows the card of a model: intended use, limitations, metrics with intervals, known failures, data, settings and " +
      "licences. Compares the model's SHA-256 with the card's, and with --data that of each image and mask; the exit " +
      "code is 1 if one differs.",
  ).argument("[model]", "a model file, or the folder of its run (default: the newest run's)");
  addFollowLinks(card, GROUPS.data);
  card.optionsGroup(GROUPS.data)
    .option("--data <folder>", "the dataset whose images and masks are compared")
    .option("--attribution <text>", "write into the card whose data the model was trained on")
    .option("--license <name>", "write the licence of these data into the card")
    .option("--license-url <address>", "where that licence is")
    .optionsGroup(GROUPS.output)
    .option("--json", "print the card and what differs as one JSON document");
  addExamples(card, [
    ["Show the card of a run's model", "runs/mine"],
    ["Check that a dataset is the one that a model was trained on", "runs/mine --data dataset/mine"],
    ["Name the source of the data", "runs/mine --attribution 'Images of ...' --license 'CC BY 4.0'"],
  ]);
  return card.action(showCard);
}

/** Most characters of a text that is written into a card. */
const MOST_CHARACTERS = 1000;

/** The licence that the options name; null if they name none. */
function licenceOf({ attribution, license, licenseUrl = "" }: Options): DataLicence | null {
  if (attribution === undefined && license === undefined && licenseUrl === "") return null;
  for (const [flag, text = ""] of Object.entries({ attribution, license, "license-url": licenseUrl })) {
    if (text.length <= MOST_CHARACTERS) continue;
    throw new RangeError(
      `Cannot write --${flag}: it has ${text.length} characters, at most ${MOST_CHARACTERS}`,
    );
  }
  const name = license ?? "licence not stated";
  return { name, url: licenseUrl, ...(attribution === undefined ? {} : { attribution }) };
}

async function showCard(choice: string | undefined, options: Options): Promise<void> {
  const { data, json } = options;
  const licence = licenceOf(options);
  const path = await findModelFile({ model: choice });
  const paths = cardPaths(path);
  let card = await readCard(paths.json);
  if (card === null) {
    throw new Error(
      `Cannot show the card of ${JSON.stringify(path)}: there is no ${paths.json}\n` +
        "hint: train writes one at its end, evaluate writes or completes one",
    );
  }
  const parts: Verification[] = [await verifyModel(card, path)];
  if (licence !== null && parts[0]!.differences.length === 0) {
    card = withLicence(card, licence);
    await writeCard(paths, card);
  }
  // A model that is not the card's may be none at all.
  if (data !== undefined) {
    const { description } = await loadModel(path);
    parts.push(await verifyData(card, data, description));
  }
  const differences = parts.flatMap((part) => part.differences);
  const notes = parts.flatMap((part) => part.notes);
  const compared = parts.reduce((sum, part) => sum + part.compared, 0);
  if (json) {
    writeStdout(`${JSON.stringify({ card, verified: { compared, differences, notes } }, null, 2)}\n`);
  } else writeStdout(cardMarkdown(card));
  for (const note of notes) writeStderr(`note: ${escapeLine(note)}\n`);
  for (const { file, what } of differences.slice(0, MOST_SHOWN)) {
    writeStderr(`differs: ${escapeLine(file)}: ${escapeLine(what)}\n`);
  }
  if (differences.length > MOST_SHOWN) writeStderr(`and ${differences.length - MOST_SHOWN} more\n`);
  if (differences.length > 0) {
    writeStderr(
      `error: ${plural(differences.length, "file")} of ${compared} not as in ${escapeLine(paths.json)}\n`,
    );
    throw new ExitError(EXIT.failed);
  }
  writeStderr(`${plural(compared, "file")} as in ${escapeLine(paths.json)}\n`);
}

if (import.meta.main) await main(command());

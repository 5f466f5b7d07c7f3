/**
 * `page`: a model as a static web page that predicts in the visitor's browser.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatBytes, plural } from "../src/format.ts";
import { addExamples, createCommand, GROUPS, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { makeSite, type SiteReport } from "../src/page/site/make_site.ts";
import { sidecarOf } from "../src/unet/model_format.ts";
import { findModelFile } from "../src/prediction/load_model.ts";

interface Options {
  readonly run?: string;
  readonly model?: string;
  readonly output: string;
  readonly title?: string;
  readonly precision: "f32" | "f16";
  readonly json?: boolean;
}

/** Most characters of a title. */
const MAX_TITLE = 80;

/** The `page` command. */
export function command(): Command {
  const page = createCommand(
    "page",
    "Writes a web page that predicts with a model: a folder of static files for any web server. The model runs on the " +
      "visitor's GPU, no image leaves the visitor's machine, and after the first visit it works offline. Browsers want " +
      "HTTPS or localhost for that. A page that this command wrote is replaced, nothing else ever is. Not a medical " +
      "device.",
  )
    .optionsGroup(GROUPS.model)
    .addOption(new Option("--run <folder>", "the run whose best model is used").conflicts("model"))
    .option(
      "--model <file>",
      "a model file: .safetensors, or PyTorch's .pth (default: the best of the newest run, or the one that comes with the program)",
    )
    .addOption(
      new Option("--precision <type>", "how weights are stored: f16 halves the download")
        .choices(["f32", "f16"]).default("f32"),
    )
    .optionsGroup(GROUPS.output)
    .option("--output <folder>", "where the page is written", FOLDERS.site)
    .option(
      "--title <text>",
      "the name of the page (default: Segmentation, and the name of the model)",
      title,
    )
    .option("--json", "print the result as one JSON document");
  addExamples(page, [
    ["A page of the newest run's best model", "--output site"],
    ["A page with half the download", "--model best.safetensors --precision f16 --title 'Lung fields'"],
  ]);
  return page.action(writePage);
}

async function writePage({ json, ...options }: Options): Promise<void> {
  const model = await findModelFile(options);
  const report = await makeSite(options.output, {
    model,
    title: options.title,
    precision: options.precision,
    onProgress: (step) => writeStderr(`${step}\n`),
  });
  const { described, size, normalize } = report.model;
  if (!described) {
    writeStderr(
      `note: the file does not describe its model; using the original's input, ${size} px and ${normalize} ` +
        `normalization; a sidecar, ${escapeLine(sidecarOf(model))}, can\n`,
    );
  }
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe({ output, files, byteLength, title }: SiteReport): string {
  const folder = escapeLine(output);
  return `${folder}: ${escapeLine(title)}, ${plural(files.length, "file")}, ${formatBytes(byteLength)}\n` +
    `to try it: python3 -m http.server --bind 127.0.0.1 --directory ${folder} 8000, then open http://localhost:8000/\n`;
}

function title(text: string): string {
  if (text.trim() === "" || text.length > MAX_TITLE || /\p{C}/u.test(text)) {
    throw new InvalidArgumentError(
      `expected 1 to ${MAX_TITLE} characters, none of them a control character.`,
    );
  }
  return text.trim();
}

if (import.meta.main) await main(command());

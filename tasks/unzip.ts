/**
 * `unzip`: checks an archive and unpacks all of it or nothing.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { join } from "node:path";
import { unzip, UNZIP_LIMITS, type UnzipProgress } from "../src/archive/unzip.ts";
import { NAME_ENCODINGS } from "../src/archive/zip_names.ts";
import { formatBytes, plural } from "../src/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface UnzipFlags {
  output: string;
  maxBytes: number;
  maxEntries: number;
  maxRatio: number;
  names?: string;
  json?: true;
}

/** The `unzip` command. */
export function command(): Command {
  const { maxBytes, maxEntries, maxRatio } = UNZIP_LIMITS;
  return createCommand("unzip", "Checks a zip and unpacks all of it or nothing.")
    .argument("[zip]", `the archive (default: the only .zip in ${FOLDERS.data}/)`)
    .option("--output <folder>", "the folder to unpack to", FOLDERS.data)
    .option("--max-bytes <count>", "refuse an archive that unpacks to more bytes", integer(1), maxBytes)
    .option("--max-entries <count>", "refuse an archive with more entries", integer(1), maxEntries)
    .option(
      "--max-ratio <number>",
      "refuse an archive with a higher compression ratio",
      integer(1),
      maxRatio,
    )
    .addOption(
      new Option("--names <encoding>", "how names are encoded that are not UTF-8 and do not say it")
        .choices(NAME_ENCODINGS),
    )
    .option("--json", "print the result as one JSON document")
    .action(runUnzip);
}

async function runUnzip(named: string | undefined, flags: UnzipFlags, self: Command): Promise<void> {
  const { output, maxBytes, maxEntries, maxRatio, names } = flags;
  const zip = named ?? await onlyZip(self);
  let bar: { phase: string; progress: Progress; last: number } | null = null;
  const finish = () => bar?.progress.finish(bar.last);
  const onProgress = ({ phase, byteLength, total }: UnzipProgress) => {
    if (bar?.phase !== phase) {
      finish();
      const progress = new Progress({ label: `${phase} ${zip}`, total, format: formatBytes });
      bar = { phase, progress, last: 0 };
    }
    bar.last = byteLength;
    bar.progress.update(byteLength);
  };
  const result = await unzip(zip, output, { maxBytes, maxEntries, maxRatio, names, onProgress }).finally(
    finish,
  );
  if (result.ignored > 0) {
    writeStderr(`note: ${plural(result.ignored, "byte")} before or after the archive are no part of it\n`);
  }
  if (result.kept !== null) {
    writeStderr(
      `note: files that were not unpacked by an earlier run were moved to ${result.kept}\n`,
    );
  }
  if (flags.json) {
    writeStdout(`${JSON.stringify({ zip, ...result })}\n`);
    return;
  }
  const done = result.status === "present" ? "is already unpacked" : "unpacked";
  writeStdout(
    `${zip} ${done}: ${plural(result.files, "file")}, ${formatBytes(result.byteLength)} ` +
      `in ${output} (${result.entries.join(", ")})\n`,
  );
}

/** The only .zip in the data folder; a usage error if there is none, or several. */
async function onlyZip(self: Command): Promise<string> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(FOLDERS.data)) {
      if (entry.isFile && /\.zip$/i.test(entry.name)) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const [name] = names;
  if (names.length === 1 && name !== undefined) return join(FOLDERS.data, name);
  self.error(
    names.length === 0
      ? `error: no archive given, and there is no .zip in ${FOLDERS.data}/\nhint: run deno task download first, or give one`
      : `error: no archive given, and ${FOLDERS.data}/ has several: ${names.sort().join(", ")}\n` +
        "hint: give one of them",
    { exitCode: 2 },
  );
}

if (import.meta.main) await main(command());

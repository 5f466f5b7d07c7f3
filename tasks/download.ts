/**
 * `download`: the dataset's zip to a file, resumed, checked, and whole or not there.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "node:path";
import { DATASET_URL, download, type DownloadProgress, fileNameOfUrl } from "../src/archive/download.ts";
import { formatBytes } from "../src/cli/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface DownloadFlags {
  url: string;
  sha256?: string;
  output: string;
  retries: number;
  json?: true;
}

/** The `download` command. */
export function command(): Command {
  return createCommand("download", "Download the dataset's zip; goes on where an earlier run stopped.")
    .option("--url <address>", "where the zip is", DATASET_URL)
    .option(
      "--sha256 <digest>",
      "the SHA-256 that it must have (default: the one recorded by the first download)",
    )
    .option("--output <path>", "folder for it, or, ending in .zip, the file itself", FOLDERS.data)
    .option("--retries <count>", "attempts after a failed one that got no further", integer(0, 100), 5)
    .option("--json", "print the result as one JSON document")
    .action(runDownload);
}

async function runDownload(flags: DownloadFlags): Promise<void> {
  const { url, sha256, output, retries } = flags;
  const path = /\.zip$/i.test(output) ? output : join(output, fileNameOfUrl(url));
  const bar = new DownloadBar(path);
  const result = await download(url, path, {
    retries,
    ...(sha256 === undefined ? {} : { sha256 }),
    onProgress: (progress) => bar.update(progress),
    onNote: (note) => bar.note(note),
  }).finally(() => bar.end());
  if (flags.json) {
    writeStdout(`${JSON.stringify(result)}\n`);
  } else {
    const done = result.status === "present" ? "is there already" : "downloaded";
    writeStdout(`${path} ${done}: ${formatBytes(result.byteLength)}, SHA-256 ${result.sha256}\n`);
  }
}

/** The progress bar, which begins once it is known how much is to come, and makes room for notes. */
class DownloadBar {
  readonly #label: string;
  #bar: Progress | null = null;
  #last: DownloadProgress | null = null;

  constructor(path: string) {
    this.#label = `downloading ${path}`;
  }

  update(progress: DownloadProgress): void {
    this.#last = progress;
    this.#bar ??= new Progress({
      label: this.#label,
      total: progress.total,
      start: progress.resumedFrom,
      format: formatBytes,
    });
    this.#bar.update(progress.byteLength);
  }

  note(note: string): void {
    this.#bar?.clear();
    writeStderr(`${note}\n`);
  }

  end(): void {
    if (this.#last !== null) this.#bar?.finish(this.#last.byteLength);
  }
}

if (import.meta.main) await main(command());

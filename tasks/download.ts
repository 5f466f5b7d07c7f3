/**
 * `download`: downloads the zip of the dataset, with resume and checks.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "node:path";
import { DATASET_URL, download, type DownloadProgress, fileNameOfUrl } from "../src/archive/download.ts";
import { formatBytes } from "../src/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
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
  return createCommand("download", "Downloads the zip of the dataset; resumes where an earlier run stopped.")
    .option("--url <address>", "the address of the zip", DATASET_URL)
    .option(
      "--sha256 <digest>",
      "the expected SHA-256 (default: the one recorded by the first download)",
    )
    .option("--output <path>", "the folder for it, or the file itself if it ends in .zip", FOLDERS.data)
    .option("--retries <count>", "retries after attempts that received nothing new", integer(0, 100), 5)
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
    const done = result.status === "present" ? "already exists" : "downloaded";
    writeStdout(`${path} ${done}: ${formatBytes(result.byteLength)}, SHA-256 ${result.sha256}\n`);
  }
}

/** The progress bar: starts once the size is known, and is cleared for notes. */
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
    writeStderr(`${escapeLine(note)}\n`);
  }

  end(): void {
    if (this.#last !== null) this.#bar?.finish(this.#last.byteLength);
  }
}

if (import.meta.main) await main(command());

/**
 * Unpacks an untrusted zip: checked first, staged in the output folder, and moved into place when complete.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { ifFound } from "../fs/paths.ts";
import { type Manifest, STATE_FOLDER, tally, UnzipState } from "./unzip_state.ts";
import { type ZipContent, type ZipEntry, ZipFile, type ZipLimits } from "./zip_file.ts";
import { foldName, quoteName } from "./zip_names.ts";
import { writeWhole } from "../fs/write_whole.ts";
import { writeFailure } from "../fs/write_failure.ts";

/** The progress of an extraction. */
export interface UnzipProgress {
  /** Hashing the zip, or writing its content. */
  readonly phase: "checking" | "unpacking";
  /** Bytes done in this phase. */
  readonly byteLength: number;
  /** Total bytes of this phase. */
  readonly total: number;
}

/** Options of {@linkcode unzip}. */
export interface UnzipOptions {
  /** The maximum unpacked size in bytes; defaults to 20 GiB. */
  readonly maxBytes?: number;
  /** The maximum number of entries; defaults to 1,000,000. */
  readonly maxEntries?: number;
  /** The maximum compression ratio beyond the first 4 MiB; defaults to 200. */
  readonly maxRatio?: number;
  /** The encoding of names that do not state theirs and are not UTF-8; without it they are refused. */
  readonly names?: string | undefined;
  /** Called after each chunk. */
  readonly onProgress?: (progress: UnzipProgress) => void;
}

/** The result of {@linkcode unzip}. */
export interface UnzipResult {
  /** `present` if the same archive was unpacked before and is still there. */
  readonly status: "unpacked" | "present";
  /** The output folder. */
  readonly output: string;
  /** The number of files in the archive. */
  readonly files: number;
  /** Their total size in bytes. */
  readonly byteLength: number;
  /** SHA-256 of the zip, in hexadecimal. */
  readonly sha256: string;
  /** The top-level names of the archive. */
  readonly entries: readonly string[];
  /** Where conflicting content of other origin was moved; null without any. */
  readonly kept: string | null;
  /** The number of bytes before and after the archive, which were ignored. */
  readonly ignored: number;
}

/** The default limits of an archive. */
export const UNZIP_LIMITS: ZipLimits = { maxBytes: 20 * 2 ** 30, maxEntries: 1_000_000, maxRatio: 200 };

/**
 * Unpacks the archive `zip` into the folder `output`.
 *
 * The whole directory is checked before anything is written: names that leave the folder, absolute names, drive
 * letters, devices of Windows, links, encrypted entries, duplicate names (also by case), too many bytes or entries, a suspicious ratio,
 * entries that share bytes, contradicting headers. Lengths and CRCs are checked while unpacking.
 *
 * Top-level names of the archive replace those of the folder; other content of the folder, such as the zip itself,
 * stays. Unchanged content of an earlier run is removed, including names that the new archive no longer has; any other
 * conflicting content is kept in `output/.unzip/kept-DATE`. A killed run leaves each name either old or new; see
 * `unzip_state.ts`.
 *
 * @throws {SyntaxError} if the archive is damaged or truncated
 * @throws {RangeError} if a limit is exceeded
 * @throws {Error} if an entry must not be unpacked, the disk is full, or another run is unpacking there
 */
export async function unzip(zip: string, output: string, options: UnzipOptions = {}): Promise<UnzipResult> {
  const { maxBytes, maxEntries, maxRatio } = { ...UNZIP_LIMITS, ...options };
  using archive = await ZipFile.open(zip, options.names);
  const content = await archive.inspect({ maxBytes, maxEntries, maxRatio });
  if (content.top.length === 0) throw new Error(`Cannot unpack ${zip}: it is empty`);
  const sha256 = await archive.sha256((byteLength) =>
    options.onProgress?.({ phase: "checking", byteLength, total: archive.byteLength })
  );

  using state = await UnzipState.open(output);
  const result = {
    output,
    files: content.files,
    byteLength: content.byteLength,
    sha256,
    entries: content.top,
    ignored: archive.byteLength - (archive.extent.end - archive.extent.start),
  };
  const previous = await state.manifest();
  if (
    previous?.sha256 === sha256 && previous.names === options.names &&
    previous.byteLength === archive.byteLength && await state.holds(previous)
  ) {
    return { status: "present", ...result, kept: null };
  }
  await refuseOwnNames(zip, output, content);
  try {
    await gather(archive, content, state.stage, options);
    const kept = await state.commit({
      ...await describe(archive, sha256, content, state.stage),
      ...(options.names === undefined ? {} : { names: options.names }),
    });
    return { status: "unpacked", ...result, kept };
  } catch (error) {
    // Not after the commit: the next run finishes that.
    if (!await state.committing()) await state.clearStage();
    throw error;
  }
}

/** An archive may neither contain the state folder nor replace the zip that is being read. */
async function refuseOwnNames(zip: string, output: string, content: ZipContent): Promise<void> {
  // The folder that holds it may not be readable.
  const inFolder = await ifFound(Deno.realPath(join(output, basename(zip)))) === await Deno.realPath(zip);
  for (const name of content.top) {
    if (foldName(name) === STATE_FOLDER) {
      throw new Error(`Cannot unpack ${quoteName(name)}: the name is reserved for the state of unzip`);
    }
    if (inFolder && foldName(name) === foldName(basename(zip))) {
      throw new Error(
        `Cannot unpack ${quoteName(name)}: it would replace the archive itself\n` +
          "hint: rename the archive, or choose another --output",
      );
    }
  }
}

/** Unpacks all entries into `stage`. */
async function gather(
  archive: ZipFile,
  content: ZipContent,
  stage: string,
  options: UnzipOptions,
): Promise<void> {
  const folders = new Set<string>();
  const makeFolder = async (path: string) => {
    if (folders.has(path)) return;
    await Deno.mkdir(path, { recursive: true });
    folders.add(path);
  };
  let done = 0;
  const advance = (byteLength: number) => {
    done += byteLength;
    options.onProgress?.({ phase: "unpacking", byteLength: done, total: content.byteLength });
  };
  await makeFolder(stage);
  for await (const entry of archive.entries()) {
    const path = join(stage, ...entry.parts);
    await makeFolder(entry.folder ? path : dirname(path));
    if (entry.folder) await entry.content(() => Promise.resolve());
    else await writeEntry(entry, path, content.byteLength, advance);
  }
}

async function writeEntry(
  entry: ZipEntry,
  path: string,
  total: number,
  advance: (byteLength: number) => void,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await entry.content(async (bytes) => {
    try {
      await writeWhole(file, bytes);
    } catch (error) {
      throw writeFailure(path, error, `make room for ${total} bytes in total and run the same command again`);
    }
    advance(bytes.length);
  });
}

async function describe(
  archive: ZipFile,
  sha256: string,
  content: ZipContent,
  stage: string,
): Promise<Manifest> {
  const entries = [];
  for (const name of content.top) {
    const { files, byteLength } = await tally(join(stage, name));
    entries.push({ name, files, byteLength });
  }
  return { sha256, byteLength: archive.byteLength, entries };
}

/**
 * Downloads a zip so that its final name appears only when all of it is there and checked; what a run could not
 * finish waits in `NAME.part` for the next one.
 *
 * @module
 */
import { endsLikeZip } from "./zip_signature.ts";
import { parseHttpUrl, showUrl, TransientError } from "./http.ts";
import { PartFile } from "./part_file.ts";
import { hashFile, hashRecordPath, parseSha256, readHashRecord, writeHashRecord } from "./sha256.ts";
import { transfer } from "./transfer.ts";
import { ifFound } from "../fs/paths.ts";

/** The dataset of the original project: about 2,150 brain images of 640x640 with COCO annotations. */
export const DATASET_URL =
  "https://github.com/Zeyi-Lin/UNet-Medical/releases/download/data/Brain.Tumor.Image.DataSet.zip";

/** Longest wait between two attempts, in seconds, also where the server asks for more. */
const MAX_WAIT_SECONDS = 60;

/** How far a download has come. */
export interface DownloadProgress {
  /** Bytes that are there, those of earlier runs included. */
  readonly byteLength: number;
  /** Bytes in all; 0 where the server does not say. */
  readonly total: number;
  /** Bytes that were there when this run began. */
  readonly resumedFrom: number;
}

/** Settings of {@linkcode download}; all optional. */
export interface DownloadOptions {
  /** The SHA-256 that the file must have, in hexadecimal; without it, the one that an earlier download recorded. */
  readonly sha256?: string;
  /** Attempts after a failed one before giving up; an attempt that got further than all before starts the count anew. 5 by default. */
  readonly retries?: number;
  /** Seconds before the second attempt, doubled each time; 1 by default. */
  readonly backoffSeconds?: number;
  /** Seconds without a byte after which an attempt is given up; 30 by default. */
  readonly stallSeconds?: number;
  /** Called after each piece. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Called with a line for the person who waits: a resumed download, a failed attempt. */
  readonly onNote?: (note: string) => void;
}

/** What {@linkcode download} did. */
export interface DownloadResult {
  /** `present` where the checked file was there already and nothing was asked of the network. */
  readonly status: "downloaded" | "present";
  /** The file. */
  readonly path: string;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** Bytes that an earlier run had already brought. */
  readonly resumedFrom: number;
}

/**
 * Downloads the zip at `url` to the file `path`.
 *
 * The bytes go to `path.part`; a dropped connection is tried again and goes on where it broke off, in this run
 * or a later one, if the server can (Range with If-Range, RFC 9110 section 13.1.5), and starts over if not.
 * Length, form and SHA-256 are checked before the rename. The first download records the hash in `path.sha256`;
 * a later one, without `sha256`, must have the same.
 *
 * @throws {TypeError} if `url` is no http or https address.
 * @throws {RangeError} if `sha256` is none.
 * @throws {Error} with what happened and the way out: no answer, 404, a page in place of a zip, a full disk, a
 * wrong hash, a redirect to a host that the permission set does not name.
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<DownloadResult> {
  const address = parseHttpUrl(url);
  const demanded = options.sha256 === undefined ? null : parseSha256(options.sha256);
  const recorded = await readHashRecord(path);
  const wanted = demanded ?? recorded;
  const result = await checkPresent(path, wanted, options) ?? await fetchFile(address, path, wanted, options);
  if (result.sha256 !== recorded) await writeHashRecord(path, result.sha256);
  return result;
}

/** The name that a zip from `url` gets: the last part of its path, made harmless, with `.zip` at its end. */
export function fileNameOfUrl(url: string): string {
  const last = parseHttpUrl(url).pathname.split("/").at(-1) ?? "";
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // A stray percent sign: the undecoded form is a name as well.
  }
  // deno-lint-ignore no-control-regex
  name = name.replace(/[\\/:\x00-\x1f\x7f]/g, "_").replace(/^\.+/, "").slice(0, 200);
  return /\.zip$/i.test(name) ? name : `${name || "download"}.zip`;
}

async function fetchFile(
  address: URL,
  path: string,
  wanted: string | null,
  options: DownloadOptions,
): Promise<DownloadResult> {
  using part = await PartFile.open(path, address.href);
  if (part.complete && (!await endsLikeZip(part.file) || (wanted !== null && part.digest() !== wanted))) {
    // All of it came, but was refused: going on would only meet the same refusal again.
    await part.restart(null);
  }
  const resumedFrom = part.origin?.validator ? part.byteLength : 0;
  if (resumedFrom > 0) options.onNote?.(`going on from ${part.path} (${part.byteLength} bytes)`);
  if (!part.complete) await transferWithRetries(address, part, resumedFrom, options);

  const sha256 = part.digest();
  if (wanted !== null && sha256 !== wanted) {
    throw hashError(address, path, sha256, wanted, options.sha256 !== undefined);
  }
  await part.commit(path);
  return { status: "downloaded", path, byteLength: part.byteLength, sha256, resumedFrom };
}

async function transferWithRetries(
  url: URL,
  part: PartFile,
  resumedFrom: number,
  options: DownloadOptions,
): Promise<void> {
  const { retries = 5, backoffSeconds = 1, stallSeconds = 30, onProgress, onNote } = options;
  let failures = 0;
  let furthest = part.byteLength;
  const report = () =>
    onProgress?.({ byteLength: part.byteLength, total: part.origin?.byteLength ?? 0, resumedFrom });
  for (;;) {
    try {
      return await transfer(url, part, stallSeconds, report);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      if (part.byteLength > furthest) failures = 0;
      furthest = Math.max(furthest, part.byteLength);
      failures++;
      if (failures > retries) throw giveUpError(url, part, failures, error);
      const doubled = Math.max(error.retryAfterSeconds, backoffSeconds * 2 ** (failures - 1));
      // A little chance keeps many clients of a server that came back from all asking at once.
      const seconds = Math.min(MAX_WAIT_SECONDS, doubled) * (0.75 + 0.5 * Math.random());
      onNote?.(`${error.message}; trying again in ${seconds.toFixed(1)} s`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

function giveUpError(url: URL, part: PartFile, attempts: number, error: TransientError): Error {
  const left = part.byteLength > 0
    ? `${part.path} keeps the ${part.byteLength} bytes that came; run the same command again later`
    : "check the connection and run the same command again";
  const times = attempts === 1 ? "" : `, ${attempts} times in a row`;
  return new Error(`Cannot download ${showUrl(url)}: ${error.message}${times}\nhint: ${left}`, {
    cause: error,
  });
}

/** The finished file of an earlier run, if it is what is wanted; null if a download is needed. */
async function checkPresent(
  path: string,
  wanted: string | null,
  options: DownloadOptions,
): Promise<DownloadResult | null> {
  using file = await ifFound(Deno.open(path));
  if (file === null) return null;
  const { size, isFile } = await file.stat();
  if (!isFile) {
    throw new Error(`Cannot download to ${path}: it is a folder\nhint: name a file, or another folder`);
  }
  if (!await endsLikeZip(file)) {
    options.onNote?.(`${path} is no whole zip: downloading it anew`);
    return null;
  }
  const sha256 = await hashFile(file);
  if (wanted !== null && sha256 !== wanted) {
    options.onNote?.(`${path} has SHA-256 ${sha256}, not ${wanted}: downloading it anew`);
    return null;
  }
  return { status: "present", path, byteLength: size, sha256, resumedFrom: 0 };
}

function hashError(url: URL, path: string, sha256: string, wanted: string, demanded: boolean): Error {
  const action = `Cannot accept ${showUrl(url)}: its SHA-256 is ${sha256}, expected ${wanted}`;
  return new Error(
    demanded
      ? `${action}\nhint: run again to download it anew, or check the hash that you gave with --sha256`
      : `${action}, which ${hashRecordPath(path)} recorded at the first download\n` +
        `hint: run again to download it anew; if the file was meant to change, give --sha256 ${sha256}`,
  );
}

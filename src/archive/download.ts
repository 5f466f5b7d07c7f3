/**
 * Downloads a zip. Its final name appears only when it is complete and checked; an unfinished download stays in
 * `NAME.part` for the next run.
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

/** The maximum wait between two attempts in seconds, even if the server asks for more. */
const MAX_WAIT_SECONDS = 60;

/** The progress of a download. */
export interface DownloadProgress {
  /** Bytes received, including those of earlier runs. */
  readonly byteLength: number;
  /** Total bytes; 0 if the server does not say. */
  readonly total: number;
  /** Bytes that earlier runs had received. */
  readonly resumedFrom: number;
}

/** Options of {@linkcode download}. */
export interface DownloadOptions {
  /** The expected SHA-256 in hexadecimal; defaults to the one that an earlier download recorded. */
  readonly sha256?: string;
  /** Retries before giving up, counted again after an attempt that got further than all before; defaults to 5. */
  readonly retries?: number;
  /** Seconds before the first retry, doubled each time; defaults to 1. */
  readonly backoffSeconds?: number;
  /** Seconds without data after which an attempt is aborted; defaults to 30. */
  readonly stallSeconds?: number;
  /** Called after each chunk. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives notes for the user: a resumed download, a failed attempt. */
  readonly onNote?: (note: string) => void;
}

/** The result of {@linkcode download}. */
export interface DownloadResult {
  /** `present` if the checked file already existed and the network was not used. */
  readonly status: "downloaded" | "present";
  /** The path of the file. */
  readonly path: string;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** Bytes that an earlier run had already received. */
  readonly resumedFrom: number;
}

/**
 * Downloads the zip at `url` to the file `path`.
 *
 * The bytes go to `path.part`. A dropped connection is retried and resumes where it broke off, in this run or a later
 * one, if the server supports it (Range with If-Range, RFC 9110 section 13.1.5), and starts over otherwise. Length,
 * format and SHA-256 are checked before the rename. The first download records the hash in `path.sha256`; later ones
 * without `sha256` must have the same.
 *
 * @throws {TypeError} if `url` is not an http or https address
 * @throws {RangeError} if `sha256` is not a SHA-256
 * @throws {Error} with the cause and a hint: no response, 404, a page instead of a zip, a full disk, a wrong hash, a
 * redirect to a host that the permission set does not name
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<DownloadResult> {
  const address = parseHttpUrl(url);
  const given = options.sha256 === undefined ? null : parseSha256(options.sha256);
  const recorded = await readHashRecord(path);
  const expected = given ?? recorded;
  const result = await checkPresent(path, expected, options) ??
    await fetchFile(address, path, expected, options);
  if (result.sha256 !== recorded) await writeHashRecord(path, result.sha256);
  return result;
}

/** The file name for a zip from `url`: the last part of its path, sanitized, with `.zip` at its end. */
export function fileNameOfUrl(url: string): string {
  const last = parseHttpUrl(url).pathname.split("/").at(-1) ?? "";
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // A stray percent sign: the undecoded form is valid as well.
  }
  // deno-lint-ignore no-control-regex
  name = name.replace(/[\\/:\x00-\x1f\x7f]/g, "_").replace(/^\.+/, "").slice(0, 200);
  return /\.zip$/i.test(name) ? name : `${name || "download"}.zip`;
}

async function fetchFile(
  address: URL,
  path: string,
  expected: string | null,
  options: DownloadOptions,
): Promise<DownloadResult> {
  using part = await PartFile.open(path, address.href);
  if (part.complete && (!await endsLikeZip(part.file) || (expected !== null && part.digest() !== expected))) {
    // It is complete but was rejected: resuming would only lead to the same error.
    await part.restart(null);
  }
  const resumedFrom = part.origin?.validator ? part.byteLength : 0;
  if (resumedFrom > 0) options.onNote?.(`resuming ${part.path} (${part.byteLength} bytes)`);
  if (!part.complete) await transferWithRetries(address, part, resumedFrom, options);

  const sha256 = part.digest();
  if (expected !== null && sha256 !== expected) {
    throw hashError(address, path, sha256, expected, options.sha256 !== undefined);
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
      // Jitter keeps many clients of a recovered server from retrying at the same time.
      const seconds = Math.min(MAX_WAIT_SECONDS, doubled) * (0.75 + 0.5 * Math.random());
      onNote?.(`${error.message}; retrying in ${seconds.toFixed(1)} s`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

function giveUpError(url: URL, part: PartFile, attempts: number, error: TransientError): Error {
  const left = part.byteLength > 0
    ? `${part.path} keeps the ${part.byteLength} bytes received so far; run the same command again later`
    : "check the connection and run the same command again";
  const times = attempts === 1 ? "" : `, ${attempts} times in a row`;
  return new Error(`Cannot download ${showUrl(url)}: ${error.message}${times}\nhint: ${left}`, {
    cause: error,
  });
}

/** The finished file of an earlier run, if it is the expected one; null if a download is needed. */
async function checkPresent(
  path: string,
  expected: string | null,
  options: DownloadOptions,
): Promise<DownloadResult | null> {
  const info = await ifFound(Deno.stat(path));
  if (info === null) return null;
  const { size, isFile } = info;
  if (!isFile) {
    throw new Error(`Cannot download to ${path}: it is a folder\nhint: choose a file, or another folder`);
  }
  using file = await Deno.open(path);
  if (!await endsLikeZip(file)) {
    options.onNote?.(`${path} is not a complete zip: downloading it again`);
    return null;
  }
  const sha256 = await hashFile(file);
  if (expected !== null && sha256 !== expected) {
    options.onNote?.(`${path} has SHA-256 ${sha256}, not ${expected}: downloading it again`);
    return null;
  }
  return { status: "present", path, byteLength: size, sha256, resumedFrom: 0 };
}

function hashError(url: URL, path: string, sha256: string, expected: string, given: boolean): Error {
  const action = `Cannot accept ${showUrl(url)}: its SHA-256 is ${sha256}, expected ${expected}`;
  return new Error(
    given
      ? `${action}\nhint: run the command again, or check the hash given with --sha256`
      : `${action}, which ${hashRecordPath(path)} recorded at the first download\n` +
        `hint: run the command again; if the file was meant to change, use --sha256 ${sha256}`,
  );
}

/**
 * One attempt to download the rest of a file.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { failureReason, openUrl, showUrl, statusError, TransientError } from "./http.ts";
import type { PartFile, PartOrigin } from "./part_file.ts";
import { describeNonZip, endsLikeZip, startsLikeZip, ZIP_START_LENGTH } from "./zip_signature.ts";

/**
 * Requests what `part` lacks and appends it, until the file is complete.
 *
 * @param stallSeconds Seconds without data after which the attempt is aborted.
 * @param report Called after each appended chunk.
 * @throws {TransientError} if a retry may help; the part keeps its valid bytes
 * @throws {Error} if not
 */
export async function transfer(
  url: URL,
  part: PartFile,
  stallSeconds: number,
  report: () => void,
): Promise<void> {
  const controller = new AbortController();
  const stalled = new TransientError(`no data for ${stallSeconds} s`);
  let timer = setTimeout(() => controller.abort(stalled), 1000 * stallSeconds);
  const touch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(stalled), 1000 * stallSeconds);
  };
  try {
    const response = await open(url, part, controller.signal);
    await receive(url, part, response, () => {
      touch();
      report();
    });
    await checkEnd(url, part);
  } catch (error) {
    throw controller.signal.aborted ? stalled : error;
  } finally {
    clearTimeout(timer);
    // Closes the connection of a response that was not read to its end.
    controller.abort(stalled);
  }
}

/** The response whose body continues `part`; empties the part if the server cannot continue it. */
async function open(url: URL, part: PartFile, signal: AbortSignal): Promise<Response> {
  const validator = part.origin?.validator ?? null;
  const resume = part.byteLength > 0 && validator !== null;
  // Without `identity` the server may compress the zip, and lengths and ranges would count other bytes.
  const headers = new Headers({ "accept": "*/*", "accept-encoding": "identity" });
  if (resume) {
    headers.set("range", `bytes=${part.byteLength}-`);
    headers.set("if-range", validator);
  }
  const response = await openUrl(url, headers, signal);
  if (response.status === 200) return response;
  if (resume && response.status === 206 && continues(response, part)) return response;
  await response.body?.cancel();
  if (!resume || (response.status !== 206 && response.status !== 416)) throw statusError(url, response);
  // The server has another file now, or handles ranges differently: the part cannot be continued. An empty part does
  // not get here a second time.
  await part.restart(null);
  return await open(url, part, signal);
}

/** Whether a 206 response begins where the part ends, and belongs to the same file. */
function continues(response: Response, part: PartFile): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (range === null || Number(range[1]) !== part.byteLength) return false;
  const known = part.origin?.byteLength ?? null;
  if (range[2] !== "*" && known !== null && Number(range[2]) !== known) return false;
  const validator = responseValidator(response);
  return validator === null || validator === part.origin?.validator;
}

async function receive(url: URL, part: PartFile, response: Response, appended: () => void): Promise<void> {
  if (response.body === null) throw new TransientError("the server sent nothing");
  const reader = response.body.getReader();
  if (response.status === 200) {
    const head = await readHead(reader);
    // Checked before the part is emptied: a login page instead of the rest must not destroy the received bytes.
    if (!startsLikeZip(head)) throw nonZipError(url, head, response);
    await part.restart(responseOrigin(url, response));
    await part.append(head);
    appended();
  }
  const expected = part.origin?.byteLength ?? Infinity;
  for (;;) {
    const piece = await readPiece(reader);
    if (piece === null) return;
    if (part.byteLength + piece.length > expected) {
      await part.restart(null);
      throw new Error(
        `Cannot accept ${showUrl(url)}: the server sent more than the announced ${expected} bytes`,
      );
    }
    await part.append(piece);
    appended();
  }
}

/** The first bytes of a body, enough to recognize a zip. */
async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < ZIP_START_LENGTH) {
    const piece = await readPiece(reader);
    if (piece === null) break;
    head = joinBytes([head, piece]);
  }
  return head;
}

async function readPiece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { done, value } = await reader.read();
    return done ? null : value;
  } catch (error) {
    throw new TransientError(`the connection broke off (${failureReason(error)})`, 0, { cause: error });
  }
}

async function checkEnd(url: URL, part: PartFile): Promise<void> {
  const expected = part.origin?.byteLength ?? null;
  if (expected !== null && part.byteLength < expected) {
    throw new TransientError(`the connection ended after ${part.byteLength} of ${expected} bytes`);
  }
  if (await endsLikeZip(part.file)) return;
  if (expected === null) {
    throw new TransientError(`the connection ended within the zip, after ${part.byteLength} bytes`);
  }
  await part.restart(null);
  throw new Error(
    `Cannot accept ${showUrl(url)}: all ${expected} bytes arrived, but end within the zip; ` +
      "it is truncated on the server\nhint: use another address with --url",
  );
}

function nonZipError(url: URL, head: Uint8Array, response: Response): Error {
  if (head.length === 0) return new TransientError("the server sent nothing");
  const what = describeNonZip(head, response.headers.get("content-type"));
  return new Error(
    `Cannot accept ${showUrl(url)}: the server sent ${what} instead of a zip\n` +
      "hint: open the address in a browser; it may need a login or have moved",
  );
}

function responseOrigin(url: URL, response: Response): PartOrigin {
  const length = response.headers.get("content-length");
  const encoded = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  return {
    url: url.href,
    // Lengths and ranges of a compressed transfer count bytes that never reach the disk.
    byteLength: length === null || encoded || !/^\d+$/.test(length) ? null : Number(length),
    validator: encoded ? null : responseValidator(response),
  };
}

/** A value for If-Range: a strong ETag, or else a date (RFC 9110, section 13.1.5). */
function responseValidator(response: Response): string | null {
  const tag = response.headers.get("etag");
  if (tag !== null && tag.startsWith('"')) return tag;
  return response.headers.get("last-modified");
}

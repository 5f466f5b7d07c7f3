/**
 * One attempt to bring the rest of a file into its part.
 *
 * @module
 */
import { failureReason, openUrl, showUrl, statusError, TransientError } from "./http.ts";
import type { PartFile, PartOrigin } from "./part_file.ts";
import { describeNonZip, endsLikeZip, startsLikeZip, ZIP_START_LENGTH } from "./zip_signature.ts";

/**
 * Asks for what `part` lacks and appends it, until the file is complete.
 *
 * @param stallSeconds Seconds without a byte after which the attempt is given up.
 * @param report Called after each piece that was appended.
 * @throws {TransientError} if another attempt may help; {Error} if not. The part keeps what is good of it.
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
    // Ends the connection of a response that was not read to its end.
    controller.abort(stalled);
  }
}

/** The response whose body continues `part`; the part is emptied where the server cannot continue it. */
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
  // The server has another file now, or another idea of ranges: this cannot be continued. Being empty, the part
  // does not come here a second time.
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
    // Looked at before the part is emptied: a login page in place of the rest must not cost what is there.
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
        `Cannot accept ${showUrl(url)}: the server sent more than the ${expected} bytes it announced`,
      );
    }
    await part.append(piece);
    appended();
  }
}

/** The first bytes of a body, in as many pieces as it takes to see whether it is a zip. */
async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < ZIP_START_LENGTH) {
    const piece = await readPiece(reader);
    if (piece === null) break;
    const joined = new Uint8Array(head.length + piece.length);
    joined.set(head);
    joined.set(piece, head.length);
    head = joined;
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
    `Cannot accept ${showUrl(url)}: all ${expected} bytes came, but they end within the zip; ` +
      "it is truncated on the server\nhint: give another address with --url",
  );
}

function nonZipError(url: URL, head: Uint8Array, response: Response): Error {
  if (head.length === 0) return new TransientError("the server sent nothing");
  const what = describeNonZip(head, response.headers.get("content-type"));
  return new Error(
    `Cannot accept ${showUrl(url)}: the server sent ${what} in place of a zip\n` +
      "hint: look at the address in a browser; it may ask for a login or have moved",
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

/** What If-Range may carry: a strong ETag, else a date (RFC 9110, section 13.1.5). */
function responseValidator(response: Response): string | null {
  const tag = response.headers.get("etag");
  if (tag !== null && tag.startsWith('"')) return tag;
  return response.headers.get("last-modified");
}

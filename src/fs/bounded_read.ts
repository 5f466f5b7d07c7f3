/**
 * Reading files that anybody made: only regular ones, and only up to a limit that is checked before the first byte. A
 * pipe would block, and a link to a device such as /dev/zero never ends.
 *
 * @module
 */

/** A file that is not read because of what it is: its bytes prove nothing. */
export class NotRegularFile extends Error {
  /** `path` is what was to be read. */
  constructor(path: string, what: string) {
    super(`Cannot read ${JSON.stringify(path)}: it is ${what}, not a regular file`);
    this.name = "NotRegularFile";
  }
}

/** What kind of file, other than a regular one, if any. */
function otherKind(info: Deno.FileInfo): string | null {
  if (info.isDirectory) return "a folder";
  if (info.isFile) return null;
  if (info.isFifo) return "a pipe";
  if (info.isSocket) return "a socket";
  return info.isBlockDevice || info.isCharDevice ? "a device" : "something else";
}

function check(path: string, info: Deno.FileInfo, maxBytes: number): void {
  const other = otherKind(info);
  if (other !== null) throw new NotRegularFile(path, other);
  if (info.size > maxBytes) throw tooLarge(path, `${info.size}`, maxBytes);
}

function tooLarge(path: string, size: string, maxBytes: number): RangeError {
  return new RangeError(`Cannot read ${JSON.stringify(path)}: ${size} bytes, at most ${maxBytes}`);
}

/**
 * A regular file's bytes. The size is checked before a byte is read, and a file that grows meanwhile is cut off.
 *
 * @throws {NotRegularFile} for a pipe, a device, a socket or a folder
 * @throws {RangeError} for more than `maxBytes`
 */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  // Not after opening: a pipe blocks there until somebody writes.
  // And not the open file's own `stat`, for which the runtime wants the permission of a link's target.
  const info = await Deno.stat(path);
  check(path, info, maxBytes);
  using file = await Deno.open(path);
  return fill(path, info.size, maxBytes, (bytes) => file.readSync(bytes));
}

/**
 * Opens a regular file for reading, of any size.
 *
 * @throws {NotRegularFile} for a pipe, a device, a socket or a folder
 */
export async function openRegular(path: string): Promise<Deno.FsFile> {
  check(path, await Deno.stat(path), Infinity);
  return await Deno.open(path);
}

/** {@linkcode readBounded} of UTF-8. */
export async function readBoundedText(path: string, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readBounded(path, maxBytes));
}

/** {@linkcode readBounded}, for threads of their own. */
export function readBoundedSync(path: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  const info = Deno.statSync(path);
  check(path, info, maxBytes);
  using file = Deno.openSync(path);
  return fill(path, info.size, maxBytes, (bytes) => file.readSync(bytes));
}

/** Some files of a kernel say 0 bytes and have more, so that the stated size is only where the buffer begins. */
function fill(
  path: string,
  size: number,
  maxBytes: number,
  read: (bytes: Uint8Array) => number | null,
): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(Math.min(size, maxBytes) + 1);
  for (let length = 0;;) {
    const count = read(bytes.subarray(length));
    if (count === null || count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > maxBytes) throw tooLarge(path, `more than ${maxBytes}`, maxBytes);
    if (length === bytes.length) {
      const grown = new Uint8Array(Math.min(2 * length + 4096, maxBytes + 1));
      grown.set(bytes);
      bytes = grown;
    }
  }
}

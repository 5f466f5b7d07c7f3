/**
 * An open zip: what is in it, whether that may be unpacked, and the content of its entries, all checked. It is
 * read with zip.js, because that compares the two listings that a zip has and every CRC.
 *
 * @module
 */
import {
  configure,
  type Entry,
  ERR_AMBIGUOUS_ARCHIVE,
  ERR_BAD_FORMAT,
  ERR_EOCDR_NOT_FOUND,
  ERR_INVALID_CRC32,
  type FileEntry,
  ZipReader,
} from "@zip.js/zip.js";
import { FileReader } from "./file_reader.ts";
import { hashFile } from "./sha256.ts";
import { EntryNames, entryParts, quoteName } from "./zip_names.ts";

/** What an archive may hold at most. */
export interface ZipLimits {
  /** Bytes when unpacked. */
  readonly maxBytes: number;
  /** Entries, folders included. */
  readonly maxEntries: number;
  /** Unpacked bytes for each packed one, of an entry and of the archive; small ones may have more. */
  readonly maxRatio: number;
}

/** What an archive holds. */
export interface ZipContent {
  /** Number of files. */
  readonly files: number;
  /** Bytes of all files when unpacked. */
  readonly byteLength: number;
  /** First parts of the names, each once, in the archive's order. */
  readonly top: readonly string[];
}

/** One entry that passed the checks of its name and kind. */
export interface ZipEntry {
  /** The parts of its path. */
  readonly parts: readonly string[];
  /** Whether it is a folder; it has no content then. */
  readonly folder: boolean;
  /**
   * Unpacks the content to `write`, piece by piece, and checks length and CRC, and that both listings agree.
   *
   * @throws {SyntaxError} if the archive is damaged; what `write` throws, as it is.
   */
  content(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

/** Below this size any ratio is let through: an empty mask of 2048x2048 packs a thousandfold. */
const RATIO_FLOOR = 4 << 20;

/** A piece of packed data; deflate can make it 1,032 times as long, so this bounds the memory. */
const PACKED_CHUNK = 64 << 10;

/** The fixed part of a local header, before the name. */
const LOCAL_HEADER_LENGTH = 30;

const UNIX_KIND_MASK = 0o170000;
const UNIX_KINDS = new Map([
  [0o120000, "a symbolic link"],
  [0o010000, "a named pipe"],
  [0o020000, "a device"],
  [0o060000, "a device"],
  [0o140000, "a socket"],
]);

/** The bytes of the archive that an entry claims for itself. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** A zip on the disk, open for reading. */
export class ZipFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #reader: ZipReader<unknown>;
  readonly #path: string;

  private constructor(path: string, file: Deno.FsFile, byteLength: number) {
    this.#path = path;
    this.#file = file;
    this.byteLength = byteLength;
    // Workers would need to read their own code from a URL, and the memory bound needs one entry at a time.
    configure({ useWebWorkers: false, chunkSize: PACKED_CHUNK, maxWorkers: 1 });
    this.#reader = new ZipReader(new FileReader(file, byteLength), {
      useWebWorkers: false,
      checkCrc32: true,
      // Done by #checkOverlaps: zip.js would hold 10 KB of each entry for it, too much for a million of them.
      checkOverlappingEntry: false,
      strictness: "strict",
      // Names are judged in zip_names.ts, with a message that says which and why.
      filenameValidation: "tolerant",
    });
  }

  /** Length of the file in bytes. */
  readonly byteLength: number;

  /** Opens the zip at `path`; Error if it is not there or is a folder. */
  static async open(path: string): Promise<ZipFile> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error(`Cannot read ${path}: there is no such file`, { cause: error });
    }
    const { size, isFile } = await file.stat();
    if (!isFile) {
      file.close();
      throw new Error(`Cannot read ${path}: it is no file\nhint: name a zip`);
    }
    return new ZipFile(path, file, size);
  }

  /** SHA-256 of the zip itself, in hexadecimal. */
  async sha256(onProgress?: (byteLength: number) => void): Promise<string> {
    return await hashFile(this.#file, onProgress);
  }

  /**
   * Reads the whole listing and judges it, without unpacking anything.
   *
   * @throws {SyntaxError} if the listing is damaged or truncated; {RangeError} if a limit is passed; {Error} if an
   * entry must not be unpacked.
   */
  async inspect(limits: ZipLimits): Promise<ZipContent> {
    const names = new EntryNames();
    const top = new Set<string>();
    let entries = 0;
    let files = 0;
    let byteLength = 0;
    const spans: Span[] = [];
    for await (const entry of this.#listing()) {
      if (++entries > limits.maxEntries) {
        throw this.#limit(`it has more than ${limits.maxEntries} entries`);
      }
      const { parts, folder } = checkEntry(entry);
      names.add(parts, folder);
      top.add(parts[0] ?? "");
      if (!folder) files++;
      byteLength += entry.uncompressedSize;
      if (byteLength > limits.maxBytes) {
        throw this.#limit(`it unpacks to more than ${limits.maxBytes} bytes`, "--max-bytes");
      }
      spans.push({
        start: entry.offset,
        end: entry.offset + LOCAL_HEADER_LENGTH + entry.rawFilename.length + entry.compressedSize,
        name: entry.filename,
      });
      this.#checkRatio(quoteName(entry.filename), entry.uncompressedSize, entry.compressedSize, limits);
    }
    this.#checkOverlaps(spans);
    this.#checkRatio("all of it", byteLength, this.byteLength, limits);
    return { files, byteLength, top: [...top] };
  }

  /** The entries in the archive's order, each judged again: the file may have changed since. */
  async *entries(): AsyncGenerator<ZipEntry> {
    for await (const entry of this.#listing()) {
      yield { ...checkEntry(entry), content: (write) => this.#unpack(entry, write) };
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  async *#listing(): AsyncGenerator<Entry> {
    const listing = this.#reader.getEntriesGenerator();
    for (;;) {
      let next: IteratorResult<Entry, boolean>;
      try {
        next = await listing.next();
      } catch (error) {
        throw damaged(this.#path, "", error);
      }
      if (next.done) return;
      yield next.value;
    }
  }

  async #unpack(entry: Entry, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    let failure: { error: unknown } | undefined;
    let left = entry.uncompressedSize;
    const writable = new WritableStream<Uint8Array>({
      async write(bytes) {
        left -= bytes.length;
        if (left < 0) throw new Error(`it is longer than the ${entry.uncompressedSize} bytes of the listing`);
        try {
          await write(bytes);
        } catch (error) {
          failure = { error };
          throw error;
        }
      },
    });
    try {
      // Folders have it as well, though not in the types, and for them it compares the name in both listings.
      await (entry as FileEntry).getData(writable);
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw damaged(this.#path, quoteName(entry.filename), error);
    }
  }

  /**
   * Refuses entries whose data is also part of another one: with them a small archive can hold any amount.
   *
   * The spans leave out the extra field of the local header, which the listing does not tell; so what they share
   * at most are fields of 64 KiB, not data.
   */
  #checkOverlaps(spans: Span[]): void {
    spans.sort((a, b) => a.start - b.start);
    let previous: Span | undefined;
    for (const span of spans) {
      if (previous !== undefined && span.start < previous.end) {
        throw new SyntaxError(
          `Cannot unpack ${quoteName(span.name)} of ${this.#path}: it shares its bytes with ` +
            `${quoteName(previous.name)}; the archive is damaged or made to deceive`,
        );
      }
      previous = span;
    }
  }

  #checkRatio(what: string, unpacked: number, packed: number, limits: ZipLimits): void {
    if (unpacked <= RATIO_FLOOR || unpacked <= limits.maxRatio * packed) return;
    const reason =
      `${what} would grow from ${packed} to ${unpacked} bytes, more than ${limits.maxRatio}-fold, ` +
      "as archives do that are made to fill a disk";
    throw this.#limit(reason, "--max-ratio");
  }

  #limit(reason: string, flag?: string): RangeError {
    const hint = flag === undefined ? "" : `\nhint: if you trust it, give a larger ${flag}`;
    return new RangeError(`Cannot unpack ${this.#path}: ${reason}${hint}`);
  }
}

/** The path and kind of an entry, or an Error if it must not be unpacked. */
function checkEntry(entry: Entry): { parts: string[]; folder: boolean } {
  const parts = entryParts(entry.filename);
  const folder = entry.filename.endsWith("/");
  const refuse = (reason: string): never => {
    throw new Error(`Cannot unpack ${quoteName(entry.filename)}: ${reason}`);
  };
  // Looked at as bytes: in the old DOS character set they would turn into smileys and pass.
  if (entry.rawFilename.some((byte) => byte < 0x20 || byte === 0x7f)) {
    refuse("the name contains a control character");
  }
  if (entry.encrypted) refuse("it is encrypted");
  const kind = UNIX_KINDS.get((entry.externalFileAttributes >>> 16) & UNIX_KIND_MASK);
  if (kind !== undefined || entry.symlink) refuse(`it is ${kind ?? "a symbolic link"}`);
  // A folder without its slash, or one with content, would be left out or cut short without a word.
  if (entry.directory !== folder || (folder && entry.uncompressedSize > 0)) {
    refuse("the listing says that it is a file and a folder");
  }
  return { parts, folder };
}

/** What zip.js complains about, as a sentence of this project. */
function damaged(path: string, name: string, error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = "reason" in cause ? String(cause.reason) : "";
  const where = name === "" ? path : `${name} of ${path}`;
  const sentences: Record<string, string> = {
    [ERR_EOCDR_NOT_FOUND]: "it has no listing at its end; the file is truncated or no zip",
    [ERR_BAD_FORMAT]: "it is no zip, or only a piece of one",
    [ERR_INVALID_CRC32]: "its CRC is wrong; the archive is damaged",
    [ERR_AMBIGUOUS_ARCHIVE]: `it contradicts itself (${reason}); the archive is damaged or made to deceive`,
  };
  const sentence = sentences[cause.message] ?? `the archive is damaged (${cause.message})`;
  return new SyntaxError(`Cannot unpack ${where}: ${sentence}\nhint: download it again`, { cause });
}

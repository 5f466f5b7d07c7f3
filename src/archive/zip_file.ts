/**
 * An open zip: its directory, whether it may be unpacked, and the content of its entries, all checked. Read with zip.js,
 * because it compares the central directory with the local headers and checks every CRC.
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
  ERR_SPLIT_ZIP_FILE,
  type FileEntry,
  ZipReader,
} from "@zip.js/zip.js";
import { ifFound } from "../fs/paths.ts";
import { escapeLine } from "../escape.ts";
import { FileReader } from "./file_reader.ts";
import { hashFile } from "./sha256.ts";
import { decodeName, EntryNames, entryParts, isFolderName, quoteName, unknownEncoding } from "./zip_names.ts";
import { findZip, nameNonZip, type ZipExtent } from "./zip_signature.ts";

/** Limits of an archive. */
export interface ZipLimits {
  /** Unpacked bytes. */
  readonly maxBytes: number;
  /** Entries, including folders. */
  readonly maxEntries: number;
  /** The compression ratio of an entry and of the archive; small ones may exceed it. */
  readonly maxRatio: number;
}

/** The content of an archive. */
export interface ZipContent {
  /** The number of files. */
  readonly files: number;
  /** The unpacked size of all files in bytes. */
  readonly byteLength: number;
  /** The top-level names without repetition, in the archive's order. */
  readonly top: readonly string[];
}

/** An entry that passed the checks of its name and type. */
export interface ZipEntry {
  /** The components of its path; none for the archive's own folder. */
  readonly parts: readonly string[];
  /** Whether it is a folder, which has no content. */
  readonly folder: boolean;
  /** The unpacked length in bytes that the directory states. */
  readonly byteLength: number;
  /**
   * Unpacks the content to `write` in chunks; checks length, CRC, and that both headers agree.
   *
   * @throws {SyntaxError} if the archive is damaged; errors of `write` pass
   */
  content(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

/** Below this size any ratio is accepted: an empty mask of 2048x2048 packs a thousandfold. */
const RATIO_FLOOR = 4 << 20;

/** The size of a chunk of packed data; deflate can expand it 1,032-fold, so this bounds the memory. */
const PACKED_CHUNK = 64 << 10;

/** The fixed part of a local header, before the name. */
const LOCAL_HEADER_LENGTH = 30;

/** Compression methods that are read: stored and deflated. */
const METHODS: ReadonlySet<number> = new Set([0, 8]);
/** The others by their numbers in PKWARE's APPNOTE. */
const OTHER_METHODS = new Map([
  [1, "Shrink"],
  [6, "Implode"],
  [9, "Deflate64"],
  [12, "bzip2"],
  [14, "LZMA"],
  [20, "Zstandard"],
  [93, "Zstandard"],
  [95, "xz"],
  [98, "PPMd"],
  [99, "AES encryption"],
]);

const UNIX_KIND_MASK = 0o170000;
const UNIX_KINDS = new Map([
  [0o120000, "a symbolic link"],
  [0o010000, "a named pipe"],
  [0o020000, "a device"],
  [0o060000, "a device"],
  [0o140000, "a socket"],
]);

/** The bytes of the archive that an entry claims. */
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
  readonly #names: string | undefined;

  private constructor(path: string, file: Deno.FsFile, byteLength: number, names: string | undefined) {
    this.#path = path;
    this.#file = file;
    this.#names = names;
    this.byteLength = byteLength;
    this.extent = findZip(file, byteLength) ?? { start: 0, end: byteLength };
    // Workers would load their code from a URL, and the memory bound needs one entry at a time.
    configure({ useWebWorkers: false, chunkSize: PACKED_CHUNK, maxWorkers: 1 });
    this.#reader = new ZipReader(new FileReader(file, this.extent), {
      useWebWorkers: false,
      checkCrc32: true,
      // Done by #checkOverlaps: zip.js would keep 10 KB per entry for it, too much for a million entries.
      checkOverlappingEntry: false,
      strictness: "strict",
      // Names are checked in zip_names.ts, whose messages say which and why.
      filenameValidation: "tolerant",
    });
  }

  /** The length of the file in bytes. */
  readonly byteLength: number;

  /** The bytes of the file that are the archive; others are ignored. */
  readonly extent: ZipExtent;

  /**
   * Opens the zip at `path`; `names` is the encoding of names that do not state theirs.
   *
   * @throws {Error} if it does not exist or is not a file
   */
  static async open(path: string, names?: string): Promise<ZipFile> {
    // Before it is opened: a pipe blocks there until somebody writes.
    const info = await ifFound(Deno.stat(path));
    if (info === null) throw new Error(`Cannot read ${path}: no such file`);
    if (!info.isFile) throw new Error(`Cannot read ${path}: it is not a file\nhint: choose a zip`);
    const { size } = info;
    const file = await Deno.open(path);
    return new ZipFile(path, file, size, names);
  }

  /** The SHA-256 of the zip itself, in hexadecimal. */
  async sha256(onProgress?: (byteLength: number) => void): Promise<string> {
    return await hashFile(this.#file, onProgress);
  }

  /**
   * Reads and checks the whole directory, without unpacking anything.
   *
   * @throws {SyntaxError} if the directory is damaged or truncated
   * @throws {RangeError} if a limit is exceeded
   * @throws {Error} if an entry must not be unpacked
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
      const { parts, folder } = this.#check(entry);
      names.add(parts, folder);
      if (parts[0] !== undefined) top.add(parts[0]);
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
    this.#checkRatio("the archive", byteLength, this.byteLength, limits);
    return { files, byteLength, top: [...top] };
  }

  /** The entries in the archive's order, each checked again, since the file may have changed. */
  async *entries(): AsyncGenerator<ZipEntry> {
    for await (const entry of this.#listing()) {
      const { uncompressedSize: byteLength } = entry;
      yield { ...this.#check(entry), byteLength, content: (write) => this.#unpack(entry, write) };
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
        const other = nameNonZip(this.#file, this.byteLength);
        if (other !== null) {
          throw new SyntaxError(
            `Cannot unpack ${this.#path}: it is ${other.what}, not a zip\nhint: ${other.hint}`,
          );
        }
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
        if (left < 0) {
          throw new Error(`it is longer than the ${entry.uncompressedSize} bytes of the directory`);
        }
        try {
          await write(bytes);
        } catch (error) {
          failure = { error };
          throw error;
        }
      },
    });
    try {
      // Folders have it too, though not in the types; for them it compares the names of both headers.
      await (entry as FileEntry).getData(writable);
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw damaged(this.#path, quoteName(entry.filename), error);
    }
  }

  /**
   * Refuses entries whose data is also part of another one: they let a small archive unpack to any size.
   *
   * The spans exclude the extra field of the local header, whose length the directory does not have; so at most such
   * fields of 64 KiB can overlap, not data.
   */
  #checkOverlaps(spans: Span[]): void {
    spans.sort((a, b) => a.start - b.start);
    let previous: Span | undefined;
    for (const span of spans) {
      if (previous !== undefined && span.start < previous.end) {
        throw new SyntaxError(
          `Cannot unpack ${quoteName(span.name)} of ${this.#path}: it shares bytes with ` +
            `${quoteName(previous.name)}; the archive is damaged or malicious`,
        );
      }
      previous = span;
    }
  }

  #checkRatio(what: string, unpacked: number, packed: number, limits: ZipLimits): void {
    if (unpacked <= RATIO_FLOOR || unpacked <= limits.maxRatio * packed) return;
    const reason =
      `${what} would grow from ${packed} to ${unpacked} bytes, more than ${limits.maxRatio}-fold, ` +
      "like archives that are made to fill a disk";
    throw this.#limit(reason, "--max-ratio");
  }

  /** The path and type of an entry. Throws an Error if it must not be unpacked. */
  #check(entry: Entry): { parts: string[]; folder: boolean } {
    const name = entryName(entry, this.#names);
    const parts = entryParts(name);
    const folder = isFolderName(name);
    const refuse = (reason: string, hint?: string): never => {
      throw new Error(
        `Cannot unpack ${quoteName(name)}: ${reason}${hint === undefined ? "" : `\nhint: ${hint}`}`,
      );
    };
    // Checked as bytes: the old DOS character set decodes them to printable characters.
    if (entry.rawFilename.some((byte) => byte < 0x20 || byte === 0x7f)) {
      refuse("the name contains a control character");
    }
    const elsewhere = `unpack it with 7-Zip: 7z x ${JSON.stringify(this.#path)} -oFOLDER`;
    if (entry.encrypted) refuse("it is encrypted", `${elsewhere} asks for the password`);
    const method = entry.compressionMethod;
    if (!METHODS.has(method)) {
      const known = OTHER_METHODS.get(method) ?? `method ${method}`;
      const python = [12, 14].includes(method)
        ? `unpack it with Python: python3 -m zipfile -e ${JSON.stringify(this.#path)} FOLDER; or `
        : "";
      refuse(
        `it is compressed with ${known}, which is not read here; the archive may well be sound`,
        python + elsewhere,
      );
    }
    const kind = UNIX_KINDS.get((entry.externalFileAttributes >>> 16) & UNIX_KIND_MASK);
    if (kind !== undefined || entry.symlink) refuse(`it is ${kind ?? "a symbolic link"}`);
    // A folder without its slash, or with content, would silently be skipped or truncated.
    if ((entry.directory && !folder) || (folder && entry.uncompressedSize > 0)) {
      refuse("the directory lists it as a file and as a folder");
    }
    return { parts, folder };
  }

  #limit(reason: string, flag?: string): RangeError {
    const hint = flag === undefined ? "" : `\nhint: if you trust it, use a larger ${flag}`;
    return new RangeError(`Cannot unpack ${this.#path}: ${reason}${hint}`);
  }
}

/** The name of an entry as text; one that states no encoding is ASCII, UTF-8, or in the encoding `names`. */
function entryName(entry: Entry, names: string | undefined): string {
  // The extra field of Info-ZIP states the name in UTF-8, and zip.js takes it if its CRC fits.
  if (entry.bitFlag?.languageEncodingFlag || entry.extraFieldUnicodePath?.valid) return entry.filename;
  if (names === undefined) {
    const name = decodeName(entry.rawFilename, entry.filename, "utf-8");
    if (name !== null) return name;
    throw unknownEncoding(entry.rawFilename, entry.filename);
  }
  if (names === "cp437" && entry.filenameUTF8) return entry.filename;
  const name = decodeName(entry.rawFilename, entry.filename, names);
  if (name !== null) return name;
  throw new Error(
    `Cannot unpack ${quoteName(entry.filename)}: the name is not in the encoding ${names}\n` +
      "hint: choose another with --names",
  );
}

/** An error of zip.js as an error of this project. */
function damaged(path: string, name: string, error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = "reason" in cause ? String(cause.reason) : "";
  const where = name === "" ? path : `${escapeLine(name)} of ${path}`;
  const sentences: Record<string, string> = {
    [ERR_EOCDR_NOT_FOUND]: "it has no directory at its end; the file is truncated or not a zip",
    [ERR_BAD_FORMAT]: "it is not a zip, or only a part of one",
    [ERR_INVALID_CRC32]: "its CRC is wrong; the archive is damaged",
    [ERR_AMBIGUOUS_ARCHIVE]: `it contradicts itself (${reason}); the archive is damaged or malicious`,
    [ERR_SPLIT_ZIP_FILE]: "it is one volume of several",
  };
  if (reason === "prepended data") {
    sentences[ERR_AMBIGUOUS_ARCHIVE] =
      "other bytes are before its first entry; it is a self-extracting archive, or damaged or malicious";
  }
  const hints: Record<string, string> = {
    [ERR_SPLIT_ZIP_FILE]: "put all volumes into one folder and unpack the first with 7-Zip (7z x FILE)",
    [ERR_AMBIGUOUS_ARCHIVE]: "compare its SHA-256 with the publisher's; if they differ, download it again",
  };
  const sentence = sentences[cause.message] ?? `the archive is damaged (${cause.message})`;
  const hint = hints[cause.message] ?? "download it again";
  return new SyntaxError(`Cannot unpack ${where}: ${sentence}\nhint: ${hint}`, { cause });
}

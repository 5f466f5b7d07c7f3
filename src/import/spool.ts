/**
 * What was read of each image, one line of JSON per image in a file: memory does not grow with the annotations, and an
 * interrupted import resumes after the last complete line.
 *
 * @module
 */
import { ifFound } from "../fs/paths.ts";
import { writeWhole } from "../fs/write_whole.ts";
import type { Size } from "../image/image.ts";

/** A region as it is kept: its category's name and COCO's compressed run lengths. */
export interface SpooledRegion {
  /** The name of its category in the source. */
  readonly category: string;
  /** COCO's compressed text of its runs. */
  readonly counts: string;
}

/** What was read of an image. */
export interface SpooledImage extends Partial<Size> {
  /** The path of its file within the source. */
  readonly path: string;
  /** SHA-256 of its file; only if splits are made. */
  readonly sha256?: string;
  /** Its thumbnail's gray values as base64, only if splits are made; null for an image without contrast. */
  readonly thumbnail?: string | null;
  /** Its regions. */
  readonly regions: readonly SpooledRegion[];
  /** Why it is left out; absent if it is not. */
  readonly problem?: string;
}

/** A growing file of {@linkcode SpooledImage}s. */
export class Spool implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | null;
  #isEmpty: boolean;

  private constructor(path: string, file: Deno.FsFile, isEmpty: boolean) {
    this.#isEmpty = isEmpty;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the spool of an import with this fingerprint: one of another import is emptied, a last line that is not
   * complete is cut off.
   */
  static async open(path: string, fingerprint: string): Promise<Spool> {
    const header = `${JSON.stringify({ fingerprint })}\n`;
    const kept = await keptLength(path, header);
    const file = await Deno.open(path, { read: true, write: true, create: true });
    const spool = new Spool(path, file, kept <= header.length);
    await file.truncate(kept);
    await file.seek(0, Deno.SeekMode.End);
    if (kept === 0) await writeWhole(file, new TextEncoder().encode(header));
    return spool;
  }

  /** Whether it holds no image. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Appends an image. */
  async append(image: SpooledImage): Promise<void> {
    this.#isEmpty = false;
    await writeWhole(this.#file!, new TextEncoder().encode(`${JSON.stringify(image)}\n`));
  }

  /** The images from the first on. */
  async *images(): AsyncGenerator<SpooledImage> {
    let isHeader = true;
    for await (const line of readLines(this.#path)) {
      if (!isHeader) yield JSON.parse(line) as SpooledImage;
      isHeader = false;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** The lines of a file that end with a line feed. */
async function* readLines(path: string): AsyncGenerator<string> {
  using file = await Deno.open(path);
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(CHUNK);
  let rest: string[] = [];
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return;
    const lines = decoder.decode(buffer.subarray(0, count), { stream: true }).split("\n");
    for (const [at, line] of lines.entries()) {
      rest.push(line);
      if (at === lines.length - 1) break;
      yield rest.join("");
      rest = [];
    }
  }
}

const CHUNK = 2 ** 16;

/** The length of the complete lines of a spool with this header; 0 if there is none. */
async function keptLength(path: string, header: string): Promise<number> {
  if (await ifFound(Deno.stat(path)) === null) return 0;
  let length = 0;
  for await (const line of readLines(path)) {
    if (length === 0 && `${line}\n` !== header) return 0;
    length += new TextEncoder().encode(line).length + 1;
  }
  return length;
}

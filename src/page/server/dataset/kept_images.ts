/**
 * What is kept of every image of a dataset: its thumbnail, what it is compared by, and the problem of its file.
 *
 * One file per image: the length of a JSON header, the header, gray values, and a JPEG. Its name is a hash of where the
 * image lies, its size and its time, so that a changed image has another one.
 *
 * @module
 */
import { join } from "node:path";
import { crc32 } from "../../../crc32.ts";
import { joinBytes } from "../../../bytes.ts";
import { writeFileAtomic } from "../../../fs/atomic_file.ts";
import { readBounded } from "../../../fs/bounded_read.ts";
import { hashBytes } from "../../../fs/hash_bytes.ts";
import { integerOf, objectOf, orNull, TEXT } from "../../../fs/json_shape.ts";
import { ifFound, listFolder, removeFile } from "../../../fs/paths.ts";
import { GRAYS } from "./survey_task.ts";

/** What is known of an image file. */
export interface KeptImage {
  /** SHA-256 of the file; empty if it cannot be read. */
  readonly sha256: string;
  /** Why it is not used; null if it is. */
  readonly problem: { readonly kind: string; readonly message: string } | null;
  /** The gray values of `makeThumbnail`; null without contrast, and if it is not used. */
  readonly grays: Float32Array<ArrayBuffer> | null;
  /** Its thumbnail; empty if it cannot be decoded. */
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** Changes when thumbnails are made in another way. */
const FORMAT = 1;

/** Most bytes of a kept file. */
const MAX_BYTES = 2 ** 18;

/** Most files; half of them stay when there are more. */
const MOST_FILES = 50_000;

const HEADER = objectOf({
  format: integerOf(FORMAT, FORMAT),
  sha256: TEXT,
  problem: orNull(objectOf({ kind: TEXT, message: TEXT })),
  grays: integerOf(0, GRAYS),
  checksum: integerOf(),
});

/** The folder of kept files in a cache. */
export function keptFolder(cache: string): string {
  return join(cache, "thumbnails");
}

/** The name of what is kept of an image: its place, and everything that must not change. */
export function keptName(folder: string, facts: readonly unknown[]): string {
  return hashBytes(new TextEncoder().encode(JSON.stringify([FORMAT, folder, ...facts]))).slice(0, 40);
}

/** Reads a kept file; null if there is none, or it is damaged. */
export async function readKept(cache: string, name: string): Promise<KeptImage | null> {
  const bytes = await ifFound(readBounded(join(keptFolder(cache), name), MAX_BYTES)).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  });
  return bytes && parseKept(bytes);
}

/** Reads the bytes of {@linkcode keptBytes}; null if they are damaged. */
export function parseKept(bytes: Uint8Array<ArrayBuffer>): KeptImage | null {
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (length > bytes.length - 4) return null;
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    if (HEADER(header, "header") !== null) return null;
    const rest = bytes.slice(4 + length);
    if (crc32(rest) !== header.checksum) return null;
    const { sha256, problem, grays } = header;
    if (grays !== 0 && (grays !== GRAYS || rest.length < 4 * GRAYS)) return null;
    return {
      sha256,
      problem,
      grays: grays === 0 ? null : new Float32Array(rest.buffer, 0, GRAYS),
      jpeg: rest.subarray(4 * grays),
    };
  } catch {
    return null;
  }
}

/** The bytes of a kept file. */
export function keptBytes({ sha256, problem, grays, jpeg }: KeptImage): Uint8Array {
  const rest = joinBytes([
    ...grays === null ? [] : [new Uint8Array(grays.buffer, grays.byteOffset, grays.byteLength)],
    jpeg,
  ]);
  const header = { format: FORMAT, sha256, problem, grays: grays?.length ?? 0, checksum: crc32(rest) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return joinBytes([length, text, rest]);
}

/** Keeps what is known of an image. That it cannot be kept costs only time. */
export async function writeKept(cache: string, name: string, image: KeptImage): Promise<void> {
  const bytes = keptBytes(image);
  if (bytes.length > MAX_BYTES) return;
  await writeFileAtomic(join(keptFolder(cache), name), bytes).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
  });
}

/** Removes the oldest files if there are too many: those of datasets that changed or went. */
export async function pruneKept(cache: string, most = MOST_FILES): Promise<void> {
  const folder = keptFolder(cache);
  const names = (await listFolder(folder)).map(({ name }) => name);
  if (names.length <= most) return;
  const aged: [time: number, name: string][] = [];
  for (const name of names) {
    const info = await ifFound(Deno.stat(join(folder, name)));
    if (info !== null) aged.push([info.mtime?.getTime() ?? 0, name]);
  }
  aged.sort(([a], [b]) => a - b);
  for (const [, name] of aged.slice(0, aged.length - Math.floor(most / 2))) {
    await removeFile(join(folder, name)).catch(() => {});
  }
}

/**
 * The licences that a dataset names in its COCO annotations.
 *
 * @module
 */
import { isRecord } from "../fs/json_shape.ts";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";

/** Bytes at both ends of the file that are searched: annotation files may be large, and licences come first or last. */
const ENDS = 2 ** 16;

/** Most licences. */
const MOST = 20;

/** A licence of data, as an annotation file names it. */
export interface Licence {
  /** Its name. */
  readonly name: string;
  /** Where it is; empty if the file does not say it. */
  readonly url: string;
}

/** The licences in an annotation file; none if it names none, or cannot be read. */
export async function dataLicences(annotationFile: string | null): Promise<Licence[]> {
  if (annotationFile === null) return [];
  try {
    using file = await openRegular(annotationFile);
    const size = byteLengthOf(file);
    for (const start of [0, Math.max(0, size - ENDS)]) {
      const bytes = new Uint8Array(Math.min(ENDS, size - start));
      if (!readAt(file, start, bytes)) continue;
      const found = licencesOf(bytes);
      if (found.length > 0) return found;
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
  return [];
}

/** The licences in the bytes of an annotation file, of which both ends are searched; none if it names none. */
export function licencesOf(bytes: Uint8Array): Licence[] {
  const ends = bytes.length > 2 * ENDS ? [bytes.subarray(0, ENDS), bytes.subarray(-ENDS)] : [bytes];
  for (const end of ends) {
    const found = findLicences(new TextDecoder().decode(end));
    if (found.length > 0) return found;
  }
  return [];
}

/** Each licence once, in the order of the lists. */
export function uniteLicences(lists: readonly (readonly Licence[])[]): Licence[] {
  const united = new Map(lists.flat().map((licence) => [`${licence.name}\n${licence.url}`, licence]));
  return [...united.values()].slice(0, MOST);
}

/** The licences in a piece of COCO's JSON. */
export function findLicences(text: string): Licence[] {
  const list = /"licenses"\s*:\s*(\[[^\[\]]*\])/.exec(text)?.[1];
  let values: unknown;
  try {
    values = JSON.parse(list ?? "[]");
  } catch {
    return [];
  }
  return (values as unknown[]).filter(isRecord).slice(0, MOST).map(({ name, url }) => ({
    name: `${name ?? "unnamed"}`.slice(0, 200),
    url: `${url ?? ""}`.slice(0, 500),
  }));
}

/**
 * The licences that a dataset names in its COCO annotations.
 *
 * @module
 */
import { isRecord } from "../fs/json_shape.ts";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";
import type { DataLicence } from "./card_format.ts";

/** Bytes at both ends of the file that are searched: annotation files may be large, and licences come first or last. */
const ENDS = 2 ** 16;

/** Most licences. */
const MOST = 20;

/** The licences in an annotation file; none if it names none, or cannot be read. */
export async function dataLicences(annotationFile: string | null): Promise<DataLicence[]> {
  if (annotationFile === null) return [];
  try {
    using file = await openRegular(annotationFile);
    const size = byteLengthOf(file);
    for (const start of [0, Math.max(0, size - ENDS)]) {
      const bytes = new Uint8Array(Math.min(ENDS, size - start));
      if (!readAt(file, start, bytes)) continue;
      const found = findLicences(new TextDecoder().decode(bytes));
      if (found.length > 0) return found;
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
  return [];
}

/** The licences in a piece of COCO's JSON. */
export function findLicences(text: string): DataLicence[] {
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

/**
 * Links: a user's own folder may be one; links in a dataset, which come with it, may not leave it unless asked for.
 *
 * @module
 */
import { sep } from "node:path";
import { escapeLine } from "../escape.ts";

let follow = false;

/** Sets whether links in a dataset may leave it (`--follow-links`). */
export function setFollowLinks(value: boolean): void {
  follow = value;
}

/**
 * Refuses a link that leaves `root`, a folder's real path, by name.
 *
 * @throws {Error} with a hint
 */
export async function requireLinkWithin(root: string, path: string): Promise<void> {
  if (follow) return;
  const real = await Deno.realPath(path).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null; // leads nowhere, or in a circle: whoever reads it says so
  });
  if (real === null || real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  throw new Error(
    `Cannot use the dataset: ${escapeLine(path)} is a link to ${escapeLine(real)}, outside of it\n` +
      "hint: if you trust that, add --follow-links; or copy the files into the dataset",
  );
}

/** Where a folder leads if it is itself a link, else null. */
export async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await Deno.lstat(path)).isSymlink ? await Deno.realPath(path) : null;
  } catch {
    return null;
  }
}

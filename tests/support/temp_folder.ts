/**
 * Temporary folders for tests.
 *
 * @module
 */

/** Runs `body` with a new empty folder, then removes it, even if `body` throws. */
export async function inTempFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Relative paths of all files under `folder`, with forward slashes, sorted. */
export async function filesUnder(folder: string, prefix = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const name = prefix + entry.name;
    if (entry.isDirectory) files.push(...await filesUnder(`${folder}/${entry.name}`, `${name}/`));
    else files.push(name);
  }
  return files.sort();
}

/**
 * The page's scripts as part of a program: a compiled binary has neither the sources nor a bundler.
 *
 * @module
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, PAGE_ENTRIES, SITE_ENTRIES } from "./bundle.ts";

/**
 * Calls `body` with the path of a module that starts the program `main`, with the page's scripts embedded; both are gone
 * afterwards. It lies in a folder in `folder`, which must be within the project, so that its imports are the project's.
 */
export async function withEmbeddedPage<T>(
  folder: string,
  main: { readonly module: string; readonly start: string },
  body: (entry: string) => Promise<T>,
): Promise<T> {
  const scripts = await bundle({ ...PAGE_ENTRIES, ...SITE_ENTRIES });
  await Deno.mkdir(folder, { recursive: true });
  const own = await Deno.makeTempDir({ dir: folder, prefix: ".page-" });
  try {
    for (const [name, bytes] of scripts) await Deno.writeFile(join(own, name), bytes);
    const entry = join(own, "entry.ts");
    await Deno.writeTextFile(entry, entryText(own, [...scripts.keys()], main));
    return await body(entry);
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

function entryText(
  folder: string,
  names: readonly string[],
  { module, start }: { readonly module: string; readonly start: string },
): string {
  const specifier = (path: string) => JSON.stringify(relative(folder, path).replaceAll("\\", "/"));
  const own = fileURLToPath(new URL("./bundle.ts", import.meta.url));
  return [
    `import { embedScripts } from ${specifier(own)};`,
    `import { ${start} } from ${specifier(module)};`,
    ...names.map((name, index) =>
      `import script${index} from ${JSON.stringify(`./${name}`)} with { type: "text" };`
    ),
    `embedScripts({ ${names.map((name, index) => `${JSON.stringify(name)}: script${index}`).join(", ")} });`,
    `await ${start}();`,
    "",
  ].join("\n");
}

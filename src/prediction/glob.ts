/**
 * Expands glob patterns that no shell has expanded.
 *
 * Node's `glob` reads an environment variable, for which the tasks have no permission.
 *
 * @module
 */
import { join, parse, sep } from "node:path";
import { ifFound, listFolder } from "../fs/paths.ts";

/** Whether a path contains pattern characters. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * The paths that match a pattern, sorted: `*` matches any characters of a name, `?` one, `[a-z]` one of these and
 * `[!a-z]` any other, `{a,b}` either, and `**` as a name any number of folders. As in a shell, names that begin with a
 * dot match only patterns that do, and `**` does not follow links.
 */
export async function expandPattern(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  const names = pattern.slice(root.length).split(sep === "\\" ? /[\\/]/ : "/").filter((name) => name !== "");
  // At the end, `**` would match folders only.
  if (names.at(-1) === "**") names.push("*");
  return [...new Set(await walk(root, names))].sort();
}

/** The paths within `folder` that match the patterns, one per level. */
async function walk(folder: string, [pattern, ...rest]: readonly string[]): Promise<string[]> {
  if (pattern === undefined) return [folder];
  if (!isPattern(pattern)) {
    const path = join(folder, pattern);
    return await ifFound(Deno.stat(path)) !== null ? await walk(path, rest) : [];
  }
  const found = pattern === "**" ? await walk(folder, rest) : [];
  const matches = pattern === "**" ? undefined : compile(pattern);
  for (const entry of await listFolder(folder === "" ? "." : folder)) {
    if (entry.name.startsWith(".") && !pattern.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (matches === undefined && entry.isDirectory) found.push(...await walk(path, [pattern, ...rest]));
    if (matches?.test(entry.name)) found.push(...await walk(path, rest));
  }
  return found;
}

/** The pattern of one name as a regular expression; an unclosed bracket or brace is literal. */
function compile(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|\{([^{}]*)\}|[*?]|[^*?]/gs,
    (text: string, not: string | undefined, set: string | undefined, choices: string | undefined) => {
      if (set !== undefined) return `[${not === "" ? "" : "^"}${set.replace(/[\\^[]/g, "\\$&")}]`;
      if (choices !== undefined) return `(?:${choices.split(",").map(bare).join("|")})`;
      if (text === "*") return ".*";
      return text === "?" ? "." : RegExp.escape(text);
    },
  );
  return new RegExp(`^${source}$`, "su");
}

/** The expression of a choice in braces, without anchors. */
function bare(choice: string): string {
  return compile(choice).source.slice(1, -1);
}

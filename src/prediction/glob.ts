/**
 * Patterns of paths, for where no shell has expanded them.
 *
 * Node's own `glob` asks for an environment variable, which no task may read.
 *
 * @module
 */
import { join, parse, sep } from "node:path";
import { ifFound, listFolder } from "../fs/paths.ts";

/** Whether a path, or a name in it, is a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * The paths that a pattern stands for, sorted: `*` is any characters of a name, `?` one, `[a-z]` one of these and
 * `[!a-z]` one of the others, `{a,b}` either, and `**` in a name's place any folders or none. As in a shell, names
 * that begin with a dot are met only by patterns that do, and `**` follows no links.
 */
export async function expandPattern(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  const names = pattern.slice(root.length).split(sep === "\\" ? /[\\/]/ : "/").filter((name) => name !== "");
  // At the end, `**` would be folders alone.
  if (names.at(-1) === "**") names.push("*");
  return [...new Set(await walk(root, names))].sort();
}

/** The paths within `folder` that the patterns of names lead to, one level each. */
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

/** A pattern of one name as a regular expression; a bracket or brace that is never closed stands for itself. */
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

/** The expression of one of the choices in braces, without anchors. */
function bare(choice: string): string {
  return compile(choice).source.slice(1, -1);
}

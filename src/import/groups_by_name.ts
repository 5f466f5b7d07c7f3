/**
 * Images of the same patient or source, by their names: by a regular expression, or guessed from repeating prefixes.
 *
 * @module
 */
import { counted } from "./counted.ts";
import { baseName, folderOf } from "./source_tree.ts";

/** What the names say that images share. */
export interface NameGroups {
  /** The key of each image; null if its name says nothing. */
  readonly keys: readonly (string | null)[];
  /** How many different keys there are. */
  readonly groups: number;
  /** A sentence for the user; null if there is nothing to say. */
  readonly line: string | null;
}

/** Groups of a guess. */
const LEAST_GROUPS = 3;

/** Turns off the guess. */
export const NO_GROUPS = "none";

/** A regular expression that a user gave by `flag`; throws a SyntaxError that names it. */
export function parsePattern(pattern: string, flag: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${flag} ${JSON.stringify(pattern)}: ${error instanceof Error ? error.message : error}\n` +
        "hint: quote it for the shell, and write a dot of a name as \\.",
    );
  }
}

/**
 * Groups by the first group of `pattern` in each path, by the whole match if it has none; without a pattern, by a guess
 * if it makes at least 3 groups, at most half as many as images, and none of more than half of the images.
 */
export function groupByName(paths: readonly string[], pattern?: string): NameGroups {
  if (pattern === NO_GROUPS) return { keys: paths.map(() => null), groups: 0, line: null };
  return pattern === undefined ? guessGroups(paths) : groupByPattern(paths, pattern);
}

function groupByPattern(paths: readonly string[], pattern: string): NameGroups {
  const expression = parsePattern(pattern, "--group");
  const keys = paths.map((path) => {
    const match = expression.exec(path);
    return match === null ? null : match.slice(1).find((part) => part !== undefined) ?? match[0];
  });
  const groups = new Set(keys.filter((key) => key !== null)).size;
  if (groups === 0) {
    throw new Error(
      `Cannot group the images by ${JSON.stringify(pattern)}: it matches no name, such as ${
        JSON.stringify(paths[0] ?? "")
      }\nhint: put the part that names the patient in parentheses: --group '^([^_]+)_'`,
    );
  }
  const unmatched = keys.filter((key) => key === null).length;
  const rest = unmatched === 0
    ? ""
    : `; ${counted(unmatched, "image")} without a match: each is a group of its own`;
  return { keys, groups, line: `--group makes ${counted(groups, "group")}${rest}` };
}

function guessGroups(paths: readonly string[]): NameGroups {
  const tokens = paths.map((path) => baseName(path).replace(/\.[^.]*$/, "").split(/[_\-. ]+/));
  const most = Math.max(0, ...tokens.map(({ length }) => length));
  const candidates: (readonly string[])[] = [];
  for (let count = 1; count < most; count++) {
    candidates.push(
      tokens.map((parts) => parts.slice(0, Math.max(1, Math.min(count, parts.length - 1))).join("_")),
    );
  }
  const repeating = candidates.filter((keys) => repeats(keys));
  const fitting = repeating.filter((keys) => isPlausible(keys, paths));
  const isNumbered = (keys: readonly string[]) => keys.every((key) => /\d[^_]*$/.test(key));
  const applied = fitting.find(isNumbered) ?? fitting[0];
  const keys = applied ?? repeating.find(isNumbered) ?? repeating[0];
  const none = { keys: paths.map(() => null), groups: 0 };
  if (keys === undefined) return { ...none, line: null };
  const counts = [...Map.groupBy(keys, (key) => key)];
  const shown = counts.slice(0, 3).map(([key, { length }]) => `${key} (${length})`).join(", ");
  const guess = `names suggest ${counts.length} groups, such as ${shown}`;
  return applied === undefined
    ? { ...none, line: `${guess}: not applied; --group 'REGEX' groups by what it finds in names` }
    : {
      keys,
      groups: counts.length,
      line:
        `${guess}: each stays in one split (--group 'REGEX' groups otherwise, --group ${NO_GROUPS} does not)`,
    };
}

/** Whether prefixes make groups at all. */
function repeats(keys: readonly string[]): boolean {
  const groups = new Set(keys).size;
  return groups > 1 && groups <= keys.length / 2;
}

/** Whether the groups may be patients: not too few, none too large, and not merely kinds of images by their folders. */
function isPlausible(keys: readonly string[], paths: readonly string[]): boolean {
  const sizes = [...Map.groupBy(keys, (key) => key).values()].map(({ length }) => length);
  const areKinds = keys.every((key, at) => !/\d/.test(key) && folderOf(paths[at]!).split("/").includes(key));
  return sizes.length >= LEAST_GROUPS && Math.max(...sizes) <= keys.length / 2 && !areKinds;
}

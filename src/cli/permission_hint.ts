/**
 * The way out of a missing permission: the whole command with it. A flag replaces the list of the same kind in the
 * task's set, so the flag names the set's places as well.
 *
 * @module
 */
import { dirname, extname, relative, resolve, sep } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { type PermissionSets, unionFlags } from "./permission_flags.ts";

/** What the runtime refused. */
interface Denial {
  readonly kind: string;
  /** The path, host or name; undefined for all of the kind. */
  readonly place: string | undefined;
}

/** What was started: a task's name, which is that of its permission set, and its arguments. */
export interface Started {
  readonly task: string;
  readonly args: readonly string[];
}

const PATH_KINDS = ["read", "write"] as const;
const ROOT = resolve(import.meta.dirname ?? ".", "../..");
const SETS = configuration.permissions as PermissionSets;

/** The message of an error that has a refused permission as its cause: its own reason, with that permission's hint. */
export function describeCause(error: Error, started: Started): string {
  if (error instanceof Deno.errors.NotCapable) return describeDenial(error.message, started);
  if (!(error.cause instanceof Deno.errors.NotCapable)) return error.message;
  const hint = describeDenial(error.cause.message, started).split("\n").slice(1).join("\n");
  return `${error.message.split("\nhint: ")[0]}\n${hint}`;
}

/** The message of a refused permission, with a `hint:` line that works when it is followed. */
function describeDenial(message: string, started: Started): string {
  const what = /Requires (\w+) access(?: to "?(.*?)"?)?, run again/.exec(message);
  if (what === null) return message;
  const denial = { kind: what[1]!, place: what[2] };
  const named = `${denial.kind} access${denial.place ? ` to ${denial.place}` : ""}`;
  return `this task's permission set does not allow ${named}\nhint: ${wayOut(denial, started)}`;
}

function wayOut(denial: Denial, { task, args }: Started): string {
  const { kind, place } = denial;
  if (Deno.build.standalone) {
    return "a compiled binary writes only below the folder it is started in: start it in one that holds the output, " +
      "or run the task from the project's source";
  }
  const set = SETS[task === "test" ? "run-tests" : task] ?? {};
  const grant = set[kind];
  if (typeof grant === "object" && "deny" in grant) {
    return "no task may write the project's own files: choose another path";
  }
  const wanted = PATH_KINDS.some((path) => path === kind) && place !== undefined
    ? argumentAround(place, args) ?? siblingsOf(place, args) ?? folderOf(place)
    : place;
  const widened = Object.fromEntries(
    [...new Set([...Object.keys(set), kind, ...PATH_KINDS])].map((name) => [
      name,
      widenedGrant(name, set[name], name === kind ? wanted ?? true : undefined, args),
    ]),
  );
  // Kinds that stay as they are in the set need no flag.
  const changed = Object.fromEntries(
    Object.entries(widened).filter(([name, grant]) => grant !== undefined && grant !== set[name]),
  ) as Record<string, true | readonly string[]>;
  const flags = unionFlags({ changed }, ["changed"]);
  const script = fromHere(`tasks/${task}.ts`);
  const command = [
    "deno",
    "run",
    "-q",
    `-P=${task === "test" ? "run-tests" : task}`,
    ...flags,
    script,
    ...args,
  ];
  return `if you trust it with that, run: ${command.map(shellQuoted).join(" ")}`;
}

/** What the set grants, with `wanted` and what flags of this run already grant; the set's own value if that is all. */
function widenedGrant(
  kind: string,
  grant: PermissionSets[string][string] | undefined,
  wanted: string | true | undefined,
  args: readonly string[],
): PermissionSets[string][string] | undefined {
  if (grant === true || (grant !== undefined && typeof grant === "object" && "allow" in grant)) return grant;
  const isPath = PATH_KINDS.some((path) => path === kind);
  const own = Array.isArray(grant) ? (grant as readonly string[]).map(isPath ? fromHere : String) : [];
  const held = isPath
    ? places(args).filter((path) =>
      !own.some((place) => isWithin(path, place)) &&
      Deno.permissions.querySync({ name: kind as "read", path }).state === "granted"
    )
    : [];
  if (wanted === true) return true;
  if (wanted === undefined && held.length === 0) return grant;
  const news = wanted === undefined || (isPath && own.some((place) => isWithin(wanted, place)))
    ? []
    : [wanted];
  if (!isPath) return [...new Set([...news, ...own])];
  const others = [...new Set([...held, ...news])];
  return [
    ...own,
    ...others.filter((place) => !others.some((other) => other !== place && isWithin(place, other))),
  ];
}

/** The values of the arguments that may be paths. */
function pathArguments(args: readonly string[]): string[] {
  return args.map((arg) => arg.startsWith("-") ? arg.slice(arg.indexOf("=") + 1) : arg)
    // The runtime has no form for a path with a comma.
    .filter((value) => value !== "" && !value.startsWith("-") && !/[,\0]|^\w+:\/\//.test(value));
}

/** What flags of this run may have granted: the arguments, and the folders that hold them. */
function places(args: readonly string[]): string[] {
  return pathArguments(args).flatMap((path) => [path, dirname(path)]);
}

/** The folder of an argument that `path` lies next to: locks and temporary files lie next to their target. */
function siblingsOf(path: string, args: readonly string[]): string | undefined {
  return pathArguments(args).map((argument) => dirname(argument))
    .find((folder) =>
      resolve(folder) === dirname(resolve(path)) && dirname(resolve(folder)) !== resolve(folder)
    );
}

/** The deepest argument that is, or holds, `path`: a folder is trusted as a whole, not file by file. */
function argumentAround(path: string, args: readonly string[]): string | undefined {
  return pathArguments(args).filter((argument) => isWithin(path, argument))
    .sort((a, b) => resolve(b).length - resolve(a).length)[0];
}

/** A place for a path that no argument names, such as one that a run recorded. */
function folderOf(path: string): string {
  let folder = extname(path) === "" ? path : dirname(path);
  while (folder.includes(",") && dirname(folder) !== folder) folder = dirname(folder);
  return folder === dirname(folder) ? path : folder;
}

function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [resolve(path), resolve(folder)];
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** A path of `deno.json` as a flag names it: flags are relative to the working folder. */
function fromHere(path: string): string {
  return relative(ROOT, Deno.cwd()) === "" ? path : resolve(ROOT, path);
}

/** An argument as a POSIX shell reads it; control characters in the form that bash and zsh read. */
export function shellQuoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replaceAll(/[\\']/g, "\\$&")
    // deno-lint-ignore no-control-regex
    .replaceAll(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `$'${escaped}'`;
}

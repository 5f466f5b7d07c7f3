/**
 * The way out of a missing permission: the whole command with it. A flag replaces the list of the same kind in the
 * task's set, so the flag names the set's places as well.
 *
 * @module
 */
import { dirname, extname, relative, resolve, sep } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import type { NeededPlace } from "./needed_places.ts";
import { type PermissionSets, unionFlags } from "./permission_flags.ts";

/** What the runtime refused. */
export interface Denial {
  readonly kind: string;
  /** The path, host or name; undefined for all of the kind. */
  readonly place: string | undefined;
}

/** What was started: a task's name, which is that of its permission set, and its arguments. */
export interface Started {
  readonly task: string;
  readonly args: readonly string[];
  /** All places that its arguments name. */
  readonly places: readonly NeededPlace[];
  /** The number of ranks that mpirun or srun started it on, if any. */
  readonly ranks?: number;
}

/** Given by tasks/run.sh to ranks. */
export const LIBRARY_FLAG = "--mpi-library";

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

function wayOut(denial: Denial, started: Started): string {
  const { task, places, ranks } = started;
  const args = ranks === undefined ? started.args : withoutLibrary(started.args);
  const { kind, place } = denial;
  if (Deno.build.standalone) return binaryWayOut(denial, started, Deno.cwd(), Deno.execPath());
  const setName = ranks !== undefined ? `${task}-distributed` : task === "test" ? "run-tests" : task;
  const set = SETS[setName] ?? {};
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
      widenedGrant(name, set[name], {
        wanted: name === kind ? wanted ?? true : undefined,
        // In one command, not one place after the other.
        places: places.filter(({ written }) => name === "read" || (name === "write" && written))
          .map(({ path }) => path),
        args,
      }),
    ]),
  );
  // Kinds that stay as they are in the set need no flag.
  const changed = Object.fromEntries(
    Object.entries(widened).filter(([name, grant]) => grant !== undefined && grant !== set[name]),
  ) as Record<string, true | readonly string[]>;
  const flags = unionFlags({ changed }, ["changed"]);
  const command = ranks === undefined
    ? ["deno", "run", "-q", `-P=${setName}`, ...flags, fromHere(`tasks/${task}.ts`), ...args]
    // run.sh adds what it finds: the library, and the grant to load it.
    : ["mpirun", "-np", `${ranks}`, "sh", fromHere("tasks/run.sh"), ...flags, task, ...args];
  return `if you trust it with that, run: ${command.map(shellQuoted).join(" ")}`;
}

/** The arguments as they were typed: without those of tasks/run.sh, which come last. */
export function withoutLibrary(args: readonly string[]): readonly string[] {
  const at = args.lastIndexOf(LIBRARY_FLAG);
  return at < 0 ? args : args.slice(0, at);
}

/** What a grant is widened by. */
interface Widening {
  /** What was refused; everything for true. */
  readonly wanted: string | true | undefined;
  /** What the command will ask for next. */
  readonly places: readonly string[];
  /** The arguments, which may name what flags of this run already grant. */
  readonly args: readonly string[];
}

/** What the set grants, with what the task needs and what flags of this run grant; the set's own value if that is all. */
function widenedGrant(
  kind: string,
  grant: PermissionSets[string][string] | undefined,
  { wanted, places, args }: Widening,
): PermissionSets[string][string] | undefined {
  if (grant === true || (grant !== undefined && typeof grant === "object" && "allow" in grant)) return grant;
  if (wanted === true) return true;
  const isPath = PATH_KINDS.some((path) => path === kind);
  const own = Array.isArray(grant) ? (grant as readonly string[]).map(isPath ? fromHere : String) : [];
  if (!isPath) return wanted === undefined ? grant : [...new Set([wanted, ...own])];
  const held = placesAround(args).filter((path) =>
    Deno.permissions.querySync({ name: kind as "read", path }).state === "granted"
  );
  const news = [...held, ...places, ...wanted === undefined ? [] : [wanted]]
    .filter((path) => !own.some((place) => isWithin(path, place)));
  if (news.length === 0) return grant;
  const isSpare = (path: string, at: number) =>
    news.some((other, index) =>
      index !== at && isWithin(path, other) && (index < at || !isWithin(other, path))
    );
  return [...own, ...news.filter((path, at) => !isSpare(path, at))];
}

/**
 * The way out for a compiled binary, which may write below the folder that it is started in: the same command there.
 * What it reads by default stays where it was.
 */
export function binaryWayOut(
  { kind, place }: Denial,
  { args, places }: Started,
  folder: string,
  binary: string,
): string {
  const written = places.filter(({ written }) => written).map(({ value }) => resolve(folder, value));
  if (kind === "write" && place !== undefined) written.push(resolve(folder, place));
  const outside = written.filter((path) => !isWithin(path, folder)).map((path) => dirname(path));
  if (kind !== "write" || outside.length === 0) {
    return "a compiled binary has fixed permissions: run the task from the project's source";
  }
  let base = outside[0]!;
  while (!outside.every((path) => isWithin(path, base))) base = dirname(base);
  const absolute = (text: string) =>
    places.some(({ value }) => value === text) ? resolve(folder, text) : text;
  const moved = args.map((arg) => {
    const start = arg.startsWith("--") ? arg.indexOf("=") + 1 : 0;
    return arg.slice(0, start) + absolute(arg.slice(start));
  });
  for (const { value, written, defaultOf } of places) {
    if (!written && defaultOf !== undefined && exists(resolve(folder, value))) {
      moved.push(defaultOf, resolve(folder, value));
    }
  }
  const command = [binary, ...moved].map(shellQuoted).join(" ");
  return `a compiled binary writes only below the folder that it is started in; run: cd ${
    shellQuoted(base)
  } && ${command}`;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The values of the arguments that may be paths. */
function pathArguments(args: readonly string[]): string[] {
  return args.map((arg) => arg.startsWith("-") ? arg.slice(arg.indexOf("=") + 1) : arg)
    // The runtime has no form for a path with a comma.
    .filter((value) => value !== "" && !value.startsWith("-") && !/[,\0]|^\w+:\/\//.test(value));
}

/** What flags of this run may have granted: the arguments, and the folders that hold them. */
function placesAround(args: readonly string[]): string[] {
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

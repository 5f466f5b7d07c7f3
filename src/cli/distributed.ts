/**
 * Tasks that several ranks run together: the flags, and how a rank's failure ends all.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { World } from "../distributed/world.ts";
import { neededPlaces } from "./needed_places.ts";
import { LIBRARY_FLAG, shellQuoted, type Started } from "./permission_hint.ts";
import { ALONE, type SharedWork } from "../ranks/share.ts";
import { allTexts, ranksOf } from "../training/collective.ts";
import { ExitError, reportError } from "./task.ts";

/** The flags of {@linkcode addDistributed}. */
export interface DistributedOptions {
  readonly distributed?: boolean;
  readonly shareGpu?: boolean;
  readonly mpiLibrary?: string;
}

/** Adds the flags of tasks that can run on several ranks. */
export function addDistributed(command: Command): Command {
  return command
    .option(
      "--distributed",
      "share the work with the other ranks that mpirun or srun started through tasks/run.sh (docs/cluster.md)",
    )
    .option("--share-gpu", "with --distributed: let ranks share a GPU if a machine has fewer GPUs than ranks")
    // run.sh finds the library, and grants FFI for it only.
    .addOption(new Option(`${LIBRARY_FLAG} <library>`).hideHelp());
}

/** Adds `--missing` to a task that does a list of files. */
export function addMissing(command: Command, what: string): Command {
  return command.option(
    "--missing",
    `${what} only what an earlier run with --distributed or --missing did not get to, under the same settings`,
  );
}

/** How a task's files are shared: among the ranks, and with an earlier run; null if they are not. */
export function sharedWork(world: World | null, missing = false): SharedWork | null {
  if (world === null) return missing ? { ranks: ALONE, missing } : null;
  return { ranks: ranksOf(world.collective), missing, onLedger: (folder) => world.keepLedger(folder) };
}

/** What the ranks of a task need. */
export interface RankedTask {
  /** The task's command. */
  readonly command: Command;
  /** Its arguments, for the command that starts it on several ranks. */
  readonly args: readonly string[];
  /** A folder that all ranks may write. */
  readonly folder: string;
  /** What a user can do if a rank is lost. */
  readonly hint: string;
}

/**
 * Runs `work` as one of the ranks that were started together, or alone (null) without `--distributed`. If it throws, the
 * first rank that does so reports it, and every rank ends. If it returns the reason of an orderly end, all end with that
 * code.
 */
export async function onRanks(
  { distributed, mpiLibrary }: DistributedOptions,
  { command, args, folder, hint }: RankedTask,
  work: (world: World | null) => Promise<ExitError | undefined>,
): Promise<void> {
  if (!distributed) {
    const stopped = await work(null);
    if (stopped) throw stopped;
    return;
  }
  if (mpiLibrary === undefined) throw new Error(describeStart(command.name(), args));
  const { World } = await import("../distributed/world.ts");
  const startWatch = () => new Worker(new URL("./rank_watch_worker.ts", import.meta.url), { type: "module" });
  const world = await World.join({ library: mpiLibrary, folder, hint, startWatch });
  let stopped: ExitError | undefined;
  try {
    stopped = await work(world);
  } catch (error) {
    // A signal: the other ranks may wait for this one.
    if (error instanceof ExitError) world.exit(error.code);
    failAll(world, error, { task: command.name(), args, places: neededPlaces(command) });
  }
  // A signal may have reached one rank only, and the first one knows what could not be read.
  const codes = await allTexts(world.collective, `${stopped?.code ?? ""}`);
  const code = codes.find((code) => code !== "");
  await world.leave(code === undefined ? undefined : Number(code));
}

/** Reports an error, if this rank is the first to have one, and ends every rank. */
function failAll(world: World, error: unknown, started: Started): never {
  const { rank, size } = world.mpi;
  const known = error instanceof Error ? error : new Error(String(error));
  if (world.fail(known.message)) {
    known.message = size === 1 ? known.message : `rank ${rank} of ${size}: ${known.message}`;
    reportError(known, { started: { ...started, ranks: size } });
  }
  world.exit(1);
  throw new ExitError(1);
}

/** The error of a task that was not started on ranks, with the command that does. */
export function describeStart(task: string, args: readonly string[]): string {
  const shown = args.map(shellQuoted).join(" ");
  return `Cannot run ${task} on several ranks: mpirun or srun must start it through tasks/run.sh\n` +
    `hint: mpirun -np 2 sh tasks/run.sh ${task} ${shown}`;
}

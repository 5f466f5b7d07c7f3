/**
 * Training on the ranks of a real `mpirun`, as a user starts it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../project/files.ts";

/** The implementations of MPI, as Debian names their launchers. */
export type Implementation = "openmpi" | "mpich";

/** How a world is started. */
export interface WorldOptions {
  /** Defaults to Open MPI. */
  readonly implementation?: Implementation;
  /** Seconds between SIGTERM and SIGKILL when Open MPI's launcher ends its ranks; its default is 1. */
  readonly graceSeconds?: number;
}

/** A world that runs. */
export interface RunningWorld {
  /** Signals the launcher. */
  signal(signal: Deno.Signal): void;
  /** The processes of its ranks, by rank; those that have not started are missing. */
  ranks(): Promise<Map<number, number>>;
  /** Kills what is left of its ranks. */
  kill(): Promise<void>;
  /** Resolves when the launcher ends. */
  readonly ended: Promise<WorldOutcome>;
}

/** How a world ended. */
export interface WorldOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of this project's own errors. */
  readonly errors: readonly string[];
}

/** Starts a task on `size` ranks through tasks/run.sh, each with one thread of the software adapter. */
export function startWorld(
  size: number,
  args: readonly string[],
  { implementation = "openmpi", graceSeconds = 1 }: WorldOptions = {},
): RunningWorld {
  const mark = crypto.randomUUID();
  const flags = implementation === "openmpi"
    ? ["--oversubscribe", "--mca", "odls_base_sigkill_timeout", `${graceSeconds}`]
    : [];
  const child = new Deno.Command(`mpirun.${implementation}`, {
    args: [...flags, "-np", `${size}`, "sh", join(ROOT, "tasks/run.sh"), ...args],
    cwd: ROOT,
    env: {
      OMPI_ALLOW_RUN_AS_ROOT: "1",
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
      LP_NUM_THREADS: "1",
      [MARK]: mark,
      NO_COLOR: "1",
      DENO_WEBGPU_BACKEND: "vulkan",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return {
    signal: (signal) => child.kill(signal),
    ranks: () => ranksOf(mark),
    async kill() {
      const pids = [...(await ranksOf(mark)).values()];
      await new Deno.Command("sh", { args: ["-c", `kill -9 ${pids.join(" ")}`], stderr: "null" }).output();
    },
    ended: child.output().then(({ code, stdout, stderr }) => {
      const text = new TextDecoder().decode(stderr);
      return {
        code,
        stdout: new TextDecoder().decode(stdout),
        stderr: text,
        errors: text.split("\n").filter((line) => line.includes("error: ")),
      };
    }),
  };
}

/** Runs a task on `size` ranks to its end. */
export function runWorld(
  size: number,
  args: readonly string[],
  options?: WorldOptions,
): Promise<WorldOutcome> {
  return startWorld(size, args, options).ended;
}

/** Throws unless a world ended well. */
export function succeeded({ code, stderr }: WorldOutcome): void {
  assert.equal(code, 0, stderr);
}

/** The variable by which the processes of a world are found. */
const MARK = "UNET_TEST_WORLD";

/** Prints `RANK PID` of each rank of the world with the mark $1. */
const FIND = `for file in $(grep -lzs "^${MARK}=$1$" /proc/[0-9]*/environ); do
  pid=$(basename "$(dirname "$file")")
  grep -qzs -e --mpi-library "/proc/$pid/cmdline" || continue
  rank=$(tr '\\0' '\\n' <"$file" | sed -n 's/^\\(OMPI_COMM_WORLD_RANK\\|PMI_RANK\\)=//p' | head -n 1)
  echo "$rank $pid"
done`;

/** Through a shell: Deno reads /proc only with every permission. */
async function ranksOf(mark: string): Promise<Map<number, number>> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", FIND, "sh", mark], stdout: "piped" })
    .output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => /^\d+ \d+$/.test(line));
  return new Map(lines.map((line) => line.split(" ").map(Number) as [number, number]));
}

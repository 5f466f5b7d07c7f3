/**
 * How a training step scales over ranks: `mpirun` starts worlds of several sizes in turns.
 *
 * @module
 */
import { plural } from "../format.ts";
import { median } from "../math.ts";
import type { NetworkShape } from "./network_bench.ts";
import { NO_LOADER } from "./peer_process.ts";
import type { RankStep } from "./rank_step.ts";

/** A number of ranks. */
export interface RankRow {
  /** Number of ranks. */
  readonly ranks: number;
  /** Seconds per step: the median of all rounds. */
  readonly step: number;
  /** Seconds of them in which the slowest rank was waited for. */
  readonly waiting: number;
  /** Seconds of them that the exchange took. */
  readonly exchanging: number;
  /** Images per second, as a multiple of the first row's. */
  readonly speedup: number;
}

/** Scaling over ranks. */
export interface RankScaling extends NetworkShape {
  /** A row per number of ranks. */
  readonly rows: readonly RankRow[];
  /** Bytes of the gradients that each rank exchanges. */
  readonly gradientBytes: number;
  /** The adapters of the largest world. */
  readonly adapters: readonly string[];
  /** Threads of a rank's software adapter, by number of ranks. */
  readonly threads: Readonly<Record<number, number>>;
}

/** How scaling is measured. */
export interface RankScalingOptions {
  /** The numbers of ranks. */
  readonly ranks: readonly number[];
  /** Worlds of each size. */
  readonly rounds: number;
  /** Further arguments of each rank. */
  readonly args: readonly string[];
  /** Processors that the ranks share. */
  readonly cores: number;
  /** Called before each world. */
  readonly onWorld?: (ranks: number) => void;
}

/**
 * Measures steps on worlds of several sizes, in turns, so that other load affects all alike. On the software adapter the
 * ranks of a world share all processors.
 *
 * @throws {Error} if `mpirun` cannot be started, or a world fails; with its error
 */
export async function measureRanks(
  shape: NetworkShape,
  { ranks, rounds, args, cores, onWorld }: RankScalingOptions,
): Promise<RankScaling> {
  const found = new Map<number, RankStep[]>(ranks.map((size) => [size, []]));
  const threads = Object.fromEntries(ranks.map((size) => [size, Math.max(1, Math.floor(cores / size))]));
  for (let round = 0; round < rounds; round++) {
    for (const size of ranks) {
      onWorld?.(size);
      found.get(size)!.push(await runWorld(size, shape, threads[size]!, args));
    }
  }
  const largest = found.get(Math.max(...ranks))![0]!;
  const middle = (size: number, value: (step: RankStep) => number) => median(found.get(size)!.map(value));
  const first = middle(ranks[0]!, ({ step }) => step);
  return {
    ...shape,
    rows: ranks.map((size) => ({
      ranks: size,
      step: middle(size, ({ step }) => step),
      waiting: middle(size, ({ waiting }) => waiting),
      exchanging: middle(size, ({ exchanging }) => exchanging),
      speedup: first / middle(size, ({ step }) => step),
    })),
    gradientBytes: largest.gradientBytes,
    adapters: largest.adapters,
    threads,
  };
}

/**
 * Open MPI 4 and 5 bind each of one or two ranks to one processor. That is good for a rank of one thread: MPI's own would
 * otherwise take turns with the other ranks' (60 ms in place of 6 for 8 MB on two processors). Several threads need more.
 */
const UNBOUND = {
  OMPI_MCA_hwloc_base_binding_policy: "none",
  PRTE_MCA_hwloc_default_binding_policy: "none",
};

async function runWorld(
  ranks: number,
  { filters, size, batch }: NetworkShape,
  threads: number,
  args: readonly string[],
): Promise<RankStep> {
  const shape = ["--filters", filters, "--size", size, "--batch", batch].map(String);
  const command = [
    "-np",
    `${ranks}`,
    "sh",
    "tasks/run.sh",
    "bench",
    "--distributed",
    "--json",
    ...shape,
    ...args,
  ];
  const started = new Deno.Command("mpirun", {
    args: command,
    env: {
      ...NO_LOADER,
      LP_NUM_THREADS: `${threads}`,
      // More ranks than processors, and root in a container, are the user's wish here.
      OMPI_MCA_rmaps_base_oversubscribe: "1",
      ...(threads > 1 ? UNBOUND : {}),
      OMPI_ALLOW_RUN_AS_ROOT: "1",
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await started.output().catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("Cannot start mpirun: it is not installed\nhint: docs/cluster.md names the packages");
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const line = text(stdout).split("\n").find((line) => line.startsWith("{"));
  if (code === 0 && line !== undefined) return JSON.parse(line);
  const why = text(stderr).split("\n").find((line) => line.startsWith("error: "))?.slice(7) ??
    text(stderr).trim().split("\n").at(-1);
  throw new Error(`Cannot measure ${plural(ranks, "rank")}: ${why}`);
}

/** What a network between ranks would need. */
export interface NetworkNeed {
  /** Number of ranks. */
  readonly ranks: number;
  /** Bits per second in each direction, per rank. */
  readonly bitsPerSecond: number;
}

/** Share of a step that a rank computes in, for {@linkcode networkNeeds}. */
export const EFFICIENCY = 0.9;

/** Seconds of a message between machines, for {@linkcode networkNeeds}: that of common networks with a kernel's driver. */
const LATENCY = 20e-6;

/**
 * The network that keeps ranks at {@linkcode EFFICIENCY} if each has as many images as the one measured: a ring sends
 * 2 (N - 1) / N times the gradients through each rank, in 2 (N - 1) messages, while nothing is computed; reading the
 * gradients from the device and adding them up takes `host` seconds. Infinite if these leave no time.
 *
 * @param step seconds that a rank computes in a step
 * @param host seconds per step that do not depend on the network
 */
export function networkNeeds(
  { step, host, bytes }: { step: number; host: number; bytes: number },
  ranks: readonly number[],
): NetworkNeed[] {
  return ranks.map((count) => {
    const budget = step * (1 / EFFICIENCY - 1) - host - 2 * (count - 1) * LATENCY;
    const sent = 2 * (count - 1) / count * bytes;
    return { ranks: count, bitsPerSecond: budget > 0 ? 8 * sent / budget : Infinity };
  });
}

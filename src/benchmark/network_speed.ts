/**
 * Speed of the whole network next to its peers, all measured interleaved.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { type Contestant, repeat, takeTurns, type Timing, type TurnOptions } from "../tuning/timing.ts";
import type { UNetConfig } from "../unet/config.ts";
import { type Speed, speed } from "./calibration.ts";
import { forwardOperations, NetworkBench, type NetworkShape } from "./network_bench.ts";
import { type Peers, startPeers } from "./peers.ts";

/** Operations of a training step in forward passes: the forward pass, and two gradients of the same size. */
const STEP_FORWARDS = 3;

/** Calls before one is timed: the first compiles, and the third keeps what depends on the weights only. */
export const CALL_WARM_UPS = 3;

/** Time and speed of one kind of work. */
export interface WorkSpeed {
  /** Seconds per repetition. */
  readonly seconds: Timing;
  /** GFLOPS, counted as direct convolutions. */
  readonly gigaflops: Speed;
}

/** Speed of this project's network. */
export interface NetworkSpeed {
  /** Its norm. */
  readonly norm: UNetConfig["norm"];
  /** A forward pass on a batch that is on the device. */
  readonly forward: WorkSpeed;
  /** A training step as the training loop takes it, including the upload of the batch. */
  readonly step: WorkSpeed;
  /** A call of `UNet.predict`: from the batch's values to probabilities in the host's memory. */
  readonly predict: Timing;
  /** A call of `Trainer.step`: from the batch's values to the step's metrics in the host's memory. */
  readonly stepCall: Timing;
}

/** Time of a peer, and ours divided by it: below 1, we are faster. */
export interface PeerTiming extends Timing {
  /** Our best divided by its best, our median by its median. */
  readonly ratio: { readonly best: number; readonly median: number };
}

/** Speed of a peer. */
export interface PeerSpeed {
  /** Its name and version. */
  readonly name: string;
  /** Its forward pass; null if it has none. */
  readonly forward: PeerTiming | null;
  /** Its training step; null if it has none. */
  readonly step: PeerTiming | null;
  /** The same kind of call as our `predict`; null if it has none. */
  readonly predict: PeerTiming | null;
  /** Its training step again, next to our call that returns. */
  readonly stepCall: PeerTiming | null;
}

/** Everything that was measured for one shape. */
export interface ShapeSpeed extends NetworkShape {
  /** This project, one entry per norm, `none` first. */
  readonly ours: readonly NetworkSpeed[];
  /** The available peers, without norm like the original. */
  readonly peers: readonly PeerSpeed[];
  /** The peers that are not available, and why. */
  readonly missing: Peers["missing"];
}

/** How a shape is measured. */
export interface ShapeOptions extends TurnOptions {
  /** Seconds per measurement of ours. */
  readonly measurement: number;
  /** Norms to measure, `none` first. */
  readonly norms: readonly UNetConfig["norm"][];
  /** How to start peers; without it, none are measured. */
  readonly peers?: { readonly threads: number; readonly onStart: (name: string) => void } | undefined;
}

/** A contestant, and what its time is the time of. */
interface Entry extends Contestant {
  readonly owner: string;
  readonly work: string;
}

/** Measures a shape: ours with every norm, and the peers. */
export async function measureShape(
  gpu: Gpu,
  shape: NetworkShape,
  options: ShapeOptions,
): Promise<ShapeSpeed> {
  const benches: NetworkBench[] = [];
  const peers = options.peers
    ? await startPeers(shape, options.peers.threads, options.peers.onStart)
    : { ready: [], missing: [] };
  try {
    const entries: Entry[] = [];
    for (const norm of options.norms) {
      const bench = await NetworkBench.create(gpu, shape, { norm });
      benches.push(bench);
      entries.push(...await ourEntries(bench, norm, options.measurement));
    }
    for (const peer of peers.ready) {
      for (const work of peer.work) {
        entries.push({ owner: peer.name, work, run: async () => (await peer.measure(work)).seconds });
      }
    }
    const timings = await takeTurns(entries, options);
    const timingOf = (owner: string, work: string) =>
      timings[entries.findIndex((entry) => entry.owner === owner && entry.work === work)] ?? null;
    const ours = options.norms.map((norm) => ({
      norm,
      forward: workSpeed(timingOf(norm, "forward")!, forwardOperations(shape)),
      step: workSpeed(timingOf(norm, "step")!, STEP_FORWARDS * forwardOperations(shape)),
      predict: timingOf(norm, "predict")!,
      stepCall: timingOf(norm, "stepCall")!,
    }));
    const compare = (name: string, work: string, seconds: Timing): PeerTiming | null => {
      const theirs = timingOf(name, work);
      return theirs && {
        ...theirs,
        ratio: { best: seconds.best / theirs.best, median: seconds.median / theirs.median },
      };
    };
    return {
      ...shape,
      ours,
      peers: peers.ready.map(({ name }) => ({
        name,
        forward: compare(name, "forward", ours[0]!.forward.seconds),
        step: compare(name, "step", ours[0]!.step.seconds),
        predict: compare(name, "predict", ours[0]!.predict),
        // A peer's step returns when it is done, so that it is both.
        stepCall: compare(name, "step", ours[0]!.stepCall),
      })),
      missing: peers.missing,
    };
  } finally {
    for (const bench of benches) bench.close();
    for (const peer of peers.ready) await peer.close();
  }
}

async function ourEntries(bench: NetworkBench, norm: string, measurement: number): Promise<Entry[]> {
  const { images, masks } = bench.batch;
  const entries: Entry[] = [];
  for (const work of ["forward", "step"] as const) {
    const { run } = await repeat((times) => bench[work](times), measurement);
    entries.push({ owner: norm, work, run });
  }
  const calls = {
    predict: () => bench.unet.predict(images),
    stepCall: () => bench.trainer.step(images, masks),
  };
  for (const [work, call] of Object.entries(calls)) {
    for (let i = 0; i < CALL_WARM_UPS; i++) await call();
    const run = async () => {
      const start = performance.now();
      await call();
      return (performance.now() - start) / 1000;
    };
    entries.push({ owner: norm, work, run });
  }
  return entries;
}

function workSpeed(seconds: Timing, operations: number): WorkSpeed {
  return { seconds, gigaflops: speed(operations, seconds) };
}

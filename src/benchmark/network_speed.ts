/**
 * Speeds of the whole network beside those of its peers: everything takes turns within one shape.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { type Contestant, repeat, takeTurns, type Timing, type TurnOptions } from "../tuning/timing.ts";
import type { UNetConfig } from "../unet/config.ts";
import { type Speed, speed } from "./calibration.ts";
import { forwardOperations, NetworkBench, type NetworkShape } from "./network.ts";
import { type Peers, startPeers } from "./peers.ts";

/** A training step's operations in forwards: the forward, and two gradients of the same size. */
const STEP_FORWARDS = 3;

/** Times and speeds of one kind of work. */
export interface WorkSpeed {
  /** Seconds of one. */
  readonly seconds: Timing;
  /** Billions of operations a second, counted as direct convolutions. */
  readonly gigaflops: Speed;
}

/** What was measured of this project's network. */
export interface NetworkSpeed {
  /** Its normalisation. */
  readonly norm: UNetConfig["norm"];
  /** The forward of a batch on the device. */
  readonly forward: WorkSpeed;
  /** A training step as the training loop takes it, upload included. */
  readonly step: WorkSpeed;
  /** `predict` of one image, from its values to probabilities; null where batches are larger. */
  readonly predict: Timing | null;
}

/** A peer's times, and ours as multiples of them: below 1, we are faster. */
export interface PeerTiming extends Timing {
  /** Our best over its best, our median over its median. */
  readonly ratio: { readonly best: number; readonly median: number };
}

/** What was measured of a peer. */
export interface PeerSpeed {
  /** Its name and version. */
  readonly name: string;
  /** Its forward; null where it has none. */
  readonly forward: PeerTiming | null;
  /** Its training step; null where it has none. */
  readonly step: PeerTiming | null;
}

/** All that was measured of one shape. */
export interface ShapeSpeed extends NetworkShape {
  /** This project, one entry a normalisation, `none` first. */
  readonly ours: readonly NetworkSpeed[];
  /** The peers that could be had, without normalisation as the original. */
  readonly peers: readonly PeerSpeed[];
  /** The peers that could not be had, and why. */
  readonly missing: Peers["missing"];
}

/** How a shape is measured. */
export interface ShapeOptions extends TurnOptions {
  /** Seconds of one measurement of ours. */
  readonly measurement: number;
  /** Normalisations to measure, `none` first. */
  readonly norms: readonly UNetConfig["norm"][];
  /** How peers are started; none unless given. */
  readonly peers?: { readonly threads: number; readonly onStart: (name: string) => void } | undefined;
}

/** Something that takes part, and where its time belongs. */
interface Entry extends Contestant {
  readonly owner: string;
  readonly work: string;
}

/** Measures a shape: ours in every normalisation, and the peers. */
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
      predict: timingOf(norm, "predict"),
    }));
    const compare = (name: string, work: "forward" | "step"): PeerTiming | null => {
      const theirs = timingOf(name, work);
      const { seconds } = ours[0]![work];
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
        forward: compare(name, "forward"),
        step: compare(name, "step"),
      })),
      missing: peers.missing,
    };
  } finally {
    for (const bench of benches) bench.close();
    for (const peer of peers.ready) await peer.close();
  }
}

async function ourEntries(bench: NetworkBench, norm: string, measurement: number): Promise<Entry[]> {
  const { images } = bench.batch;
  const entries: Entry[] = [];
  for (const work of ["forward", "step"] as const) {
    const { run } = await repeat((times) => bench[work](times), measurement);
    entries.push({ owner: norm, work, run });
  }
  if (images.shape[0] === 1) {
    await bench.unet.predict(images);
    const run = async () => {
      const start = performance.now();
      await bench.unet.predict(images);
      return (performance.now() - start) / 1000;
    };
    entries.push({ owner: norm, work: "predict", run });
  }
  return entries;
}

function workSpeed(seconds: Timing, operations: number): WorkSpeed {
  return { seconds, gigaflops: speed(operations, seconds) };
}

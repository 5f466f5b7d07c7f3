/**
 * What a user could take instead, on the same network: PyTorch, onnxruntime, TensorFlow.js and jax-js, each a process
 * of its own. None is a dependency: packages are fetched when a peer is asked for, and a peer that cannot be had is
 * left out with the reason.
 *
 * @module
 */
import type { NetworkShape } from "./network.ts";
import { PeerProcess } from "./peer_process.ts";

/** Where peers' programs lie, below the project's folder. */
const FOLDER = "tests/bench";

/** Seconds that a peer may take to get ready; jax-js compiles for two minutes. */
const START_SECONDS = 400;

/** Pixels of a batch up to which a peer in WebGPU is asked: a step of the next case would take them half a minute. */
const MOST_WEBGPU_PIXELS = 64 * 64 * 4;

/** How a peer is started. */
interface PeerProgram {
  /** Its name where it does not get to tell its own. */
  readonly name: string;
  /** Whether it is asked for this shape. */
  readonly serves: (shape: NetworkShape) => boolean;
  /** Command lines; the first that gets ready is taken. */
  readonly commands: (shape: NetworkShape, threads: number) => string[][];
}

/** Peers that are ready, and why others are not. */
export interface Peers {
  /** Those that are ready. */
  readonly ready: readonly PeerProcess[];
  /** Those that are not. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

const small = ({ size, batch }: NetworkShape) => size * size * batch <= MOST_WEBGPU_PIXELS;

const PROGRAMS: readonly PeerProgram[] = [
  {
    name: "PyTorch",
    serves: () => true,
    commands: ({ filters, size, batch }, threads) =>
      pythonCommands("torch_step.py", { filters, size, batch, threads }),
  },
  denoPeer("onnxruntime", "onnx.ts", () => true, ["--allow-ffi"]),
  denoPeer("TensorFlow.js", "tfjs.ts", small),
  denoPeer("jax-js", "jax.ts", small),
];

/** Command lines of a Python peer: the system's Python is the one that a distribution's packages belong to. */
function pythonCommands(script: string, flags: object): string[][] {
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  return ["/usr/bin/python3", "python3"].map((python) => [python, `${FOLDER}/${script}`, "--serve", ...args]);
}

/** A peer's script under its own permissions, with no say in this project's packages. */
function denoPeer(
  name: string,
  script: string,
  serves: PeerProgram["serves"],
  permissions: readonly string[] = [],
): PeerProgram {
  return {
    name,
    serves,
    commands: ({ filters, size, batch }, threads) => [[
      "deno",
      "run",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-prompt",
      ...permissions,
      `${FOLDER}/peers/${script}`,
      ...[filters, size, batch, threads].map(String),
    ]],
  };
}

/** Starts every peer that is asked for a shape, one after the other. */
export async function startPeers(
  shape: NetworkShape,
  threads: number,
  onStart: (name: string) => void,
): Promise<Peers> {
  const ready: PeerProcess[] = [];
  const missing: { name: string; reason: string }[] = [];
  for (const { name, serves, commands } of PROGRAMS) {
    if (!serves(shape)) continue;
    onStart(name);
    const peer = await startFirst(commands(shape, threads));
    if (peer instanceof PeerProcess) ready.push(peer);
    else missing.push({ name, reason: peer.message });
  }
  return { ready, missing };
}

/** Starts PyTorch for the original's configuration: on its GPU where it has one, else on the CPU. */
export function startTorchTwin({ filters, size, batch }: NetworkShape): Promise<PeerProcess | Error> {
  return startFirst(pythonCommands("torch_gpu.py", { filters, size, batch }));
}

/** The first that gets ready, or why the first one did not. */
async function startFirst(commands: readonly string[][]): Promise<PeerProcess | Error> {
  let first: Error | undefined;
  for (const command of commands) {
    try {
      return await PeerProcess.start(command, START_SECONDS);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      first ??= error;
    }
  }
  return first!;
}

/**
 * The same network in other libraries: PyTorch, onnxruntime, TensorFlow.js and jax-js, each in a process of its own.
 * None is a dependency: packages are fetched when a peer is requested, and a peer that is not available is reported with
 * the reason.
 *
 * @module
 */
import type { NetworkShape } from "./network_bench.ts";
import { PeerProcess } from "./peer_process.ts";

/** Folder of the peers' programs, relative to the project. */
const FOLDER = "tests/bench";

/** Seconds until a peer must be ready; jax-js compiles for two minutes. */
const START_SECONDS = 400;

/** Largest batch, in pixels, for peers that use WebGPU: a step of the next shape would take them half a minute. */
const MOST_WEBGPU_PIXELS = 64 * 64 * 4;

/** How a peer is started. */
interface PeerProgram {
  /** Its name, if it does not start and report its own. */
  readonly name: string;
  /** Whether it is measured for this shape. */
  readonly serves: (shape: NetworkShape) => boolean;
  /** Command lines; the first that becomes ready is used. */
  readonly commands: (shape: NetworkShape, threads: number) => string[][];
}

/** Peers that are ready, and why the others are not. */
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

/** Command lines of a Python peer: packages of a Linux distribution belong to the system's Python. */
function pythonCommands(script: string, flags: object): string[][] {
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  return ["/usr/bin/python3", "python3"].map((python) => [python, `${FOLDER}/${script}`, "--serve", ...args]);
}

/** A peer's script with its own permissions, and without this project's configuration. */
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

/** Starts the peers for a shape, one after the other. */
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

/** Starts PyTorch for the configuration of the original: on a GPU if it finds one, else on the CPU. */
export function startTorchTwin({ filters, size, batch }: NetworkShape): Promise<PeerProcess | Error> {
  return startFirst(pythonCommands("torch_gpu.py", { filters, size, batch }));
}

/** The first command that becomes ready, else the error of the first one. */
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

/**
 * Every kernel on small data against plain loops on the CPU: whether this adapter computes what the kernels say.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { halveDispatch, type Precision, storableBindings } from "../../kernels/storage.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Program } from "../graph/program.ts";
import type { Check } from "./checks/check.ts";
import { convolutionChecks } from "./checks/convolutions.ts";
import { im2colChecks } from "./checks/im2col.ts";
import { layerChecks } from "./checks/layers.ts";
import { matrixChecks } from "./checks/matrices.ts";
import { trainingChecks } from "./checks/training.ts";
import { winogradChecks } from "./checks/winograd.ts";

/** What the test of one kernel came to. */
export interface SelfTestResult {
  /** The path of the kernel's file below `kernels/`, without its ending. */
  readonly kernel: string;
  /** Which variant of it ran; absent where the file holds but one. */
  readonly variant?: string;
  /** Whether every value was within the limit. */
  readonly passed: boolean;
  /** How far the worst value was off; infinite where one was no number. */
  readonly worstError: number;
  /** How far a value may be off. */
  readonly limit: number;
}

/** Uniform windows are bound whole. */
const WINDOW = 65536;

/**
 * Runs every kernel once, except those that need what the device lacks, and except the probes of features, which
 * `diagnose` runs on devices that were made with them.
 *
 * @param wanted runs those kernels (and variants of them) alone that it returns true for
 * @param precision with `f16`, kernels that may store tensors as float16 run so, and they alone
 * @throws {SyntaxError} where a kernel does not compile on this adapter.
 */
export async function* selfTest(
  gpu: Gpu,
  wanted: (kernel: string, variant?: string) => boolean = () => true,
  precision: Precision = "f32",
): AsyncGenerator<SelfTestResult> {
  for (const check of checks()) {
    if (!gpu.has(check.needs)) continue;
    if (!wanted(check.dispatch.kernel.label, check.variant)) continue;
    if (precision === "f32") yield await run(gpu, check);
    else if (storableBindings(check.dispatch.kernel).length > 0) yield await run(gpu, inHalf(check));
  }
}

/** What changes with any kernel's text, with the constants that it is specialised by, or with the variants there are. */
export function kernelFingerprint(): string {
  const hash = createHash("sha256");
  for (const { dispatch, variant } of checks()) hash.update(`${variant}\n${dispatch.kernel.code}`);
  for (const { classes } of OPERATIONS) hash.update(JSON.stringify([...classes]));
  return hash.digest("hex");
}

/** All checks; every WGSL file but the probes' is in one. */
function* checks(): Generator<Check> {
  const groups = [matrixChecks, convolutionChecks, im2colChecks, winogradChecks, layerChecks, trainingChecks];
  for (const group of groups) yield* group();
}

/** How much coarser float16 rounds than float32: operands and results then are off by so many times as much. */
const COARSER = 2 ** 13;

/** The same check of a kernel that stores what it may as float16. */
function inHalf(check: Check): HalfCheck {
  const halves = storableBindings(check.dispatch.kernel);
  // Values that float16 has, such as those of pooling, are to stay as they are.
  return { ...check, halves, dispatch: halveDispatch(check.dispatch, halves), limit: COARSER * check.limit };
}

interface HalfCheck extends Check {
  /** Bindings that hold float16. */
  readonly halves?: readonly string[];
}

async function run(
  gpu: Gpu,
  { variant, dispatch, operands, expected, limit, halves = [] }: HalfCheck,
): Promise<SelfTestResult> {
  const { label, bindings } = dispatch.kernel;
  const buffers: GPUBuffer[] = [];
  const places = new Map<unknown, number>();
  const views = [];
  for (const { name, access } of bindings.slice(0, -1)) {
    // What a kernel leaves unwritten is no number, and so no result.
    const contents = operands[name] ?? new Float32Array(expected[name]!.length).fill(NaN);
    if (!places.has(contents)) {
      const buffer = await gpu.createBuffer(
        name,
        Math.max(WINDOW, contents.byteLength),
        GPUBufferUsage.UNIFORM,
      );
      const stored = halves.includes(name) ? Float16Array.from(contents) : contents;
      gpu.device.queue.writeBuffer(buffer, 0, stored as Float32Array<ArrayBuffer>);
      places.set(contents, buffers.push(buffer) - 1);
    }
    const buffer = places.get(contents)!;
    places.set(name, buffer);
    views.push({ buffer, offset: 0, byteLength: access === "uniform" ? WINDOW : buffers[buffer]!.size });
  }
  const program = await Program.create(gpu, [{ dispatch, views }], buffers);
  gpu.run((pass) => program.encode(pass));
  let worstError = 0;
  for (const [name, values] of Object.entries(expected)) {
    const bytes = await gpu.read(buffers[places.get(name)!]!, 0, values.length * 4);
    const written = halves.includes(name)
      ? new Float16Array(bytes, 0, values.length)
      : new Float32Array(bytes);
    written.forEach((value, index) => {
      const error = Math.abs(value - values[index]!);
      worstError = Math.max(worstError, Number.isNaN(error) ? Infinity : error);
    });
  }
  program.destroy();
  for (const buffer of buffers) buffer.destroy();
  const which = variant === undefined ? {} : { variant };
  return { kernel: label, ...which, passed: worstError <= limit, worstError, limit };
}

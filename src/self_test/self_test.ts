/**
 * Runs every kernel on small data and compares with plain loops on the CPU: whether this adapter computes correctly.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { halveDispatch, type Precision, storableBindings } from "../../kernels/storage.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Program } from "../graph/program.ts";
import { WINDOW } from "../graph/recorder.ts";
import type { Check } from "./checks/check.ts";
import { convolutionChecks } from "./checks/convolutions.ts";
import { im2colChecks } from "./checks/im2col.ts";
import { layerChecks } from "./checks/layers.ts";
import { matrixChecks } from "./checks/matrices.ts";
import { smallChecks } from "./checks/small.ts";
import { trainingChecks } from "./checks/training.ts";
import { fusedChecks } from "./checks/fused.ts";
import { winogradChecks } from "./checks/winograd.ts";
import { chooseVariants } from "./verdicts.ts";

/** Outcome of one kernel's self-test. */
export interface SelfTestResult {
  /** The path of the kernel's file below `kernels/`, without its ending. */
  readonly kernel: string;
  /** Which variant of it ran; absent if the file holds only one. */
  readonly variant?: string;
  /** Whether every value was within the limit. */
  readonly passed: boolean;
  /** Largest absolute error; infinite if a value was NaN. */
  readonly worstError: number;
  /** Largest absolute error that passes. */
  readonly limit: number;
}

/** Chooses self-tests by the label of their kernel, by the variant if its file holds several, and by its text. */
export type SelfTestFilter = (kernel: string, variant: string | undefined, code: string) => boolean;

/**
 * Runs every kernel once, except those that need what the device lacks, and except the probes of features, which
 * `diagnose` runs on devices that have them.
 *
 * @param wanted runs only those kernels, variants of them and texts of those for which it returns true
 * @param precision with `f16`, runs only the kernels that may store tensors as float16, and stores them so
 * @throws {SyntaxError} if a kernel does not compile on this adapter.
 * @throws {CapacityError} if the device is out of memory.
 */
export async function* selfTest(
  gpu: Gpu,
  wanted: SelfTestFilter = () => true,
  precision: Precision = "f32",
): AsyncGenerator<SelfTestResult> {
  for (const check of checksFor(gpu, wanted)) {
    if (precision === "f32") yield await run(gpu, check);
    else if (storableBindings(check.dispatch.kernel).length > 0) yield await run(gpu, inHalf(check));
  }
}

/**
 * Compiles the kernels of {@linkcode selfTest} concurrently, which that would do one after the other.
 *
 * @throws {SyntaxError} if a kernel does not compile on this adapter.
 */
export async function compileTests(gpu: Gpu, wanted: SelfTestFilter): Promise<void> {
  await gpu.compile(testedKernels(gpu, wanted).map(({ kernel }) => kernel));
}

/** The kernels that {@linkcode selfTest} would run, with the variants that they are tested for. */
export function testedKernels(
  gpu: Gpu,
  wanted: SelfTestFilter,
): { readonly kernel: Kernel; readonly variant?: string }[] {
  return checksFor(gpu, wanted).map(({ dispatch: { kernel }, variant }) => ({
    kernel,
    ...(variant === undefined ? {} : { variant }),
  }));
}

/** The device's choices without the variants of which a kernel failed. */
export function choosePassed(gpu: Gpu, results: readonly SelfTestResult[]): KernelChoices {
  const failed = results.filter(({ passed }) => !passed);
  return chooseVariants(
    gpu,
    gpu.choices,
    (name, { kernels }) =>
      failed.some(({ kernel, variant = name }) => variant === name && kernels.includes(kernel)),
  );
}

/** The checks of the wanted kernels that the device has what it takes for. */
function checksFor(gpu: Gpu, wanted: SelfTestFilter): Check[] {
  return allChecks().filter(({ needs, dispatch: { kernel }, variant }) =>
    gpu.has(needs) && wanted(kernel.label, variant, kernel.code)
  );
}

let checks: readonly Check[] | undefined;

/** All checks; they cover every WGSL file except the probes. Their data are built once, on the first call. */
function allChecks(): readonly Check[] {
  const groups = [
    matrixChecks,
    convolutionChecks,
    fusedChecks,
    im2colChecks,
    smallChecks,
    winogradChecks,
    layerChecks,
    trainingChecks,
  ];
  return checks ??= groups.flatMap((group) => [...group()]);
}

/** How much coarser float16 rounds than float32; errors of operands and results grow by as much. */
const COARSER = 2 ** 13;

/** The same check with float16 wherever the kernel may store it. */
function inHalf(check: Check): HalfCheck {
  const halves = storableBindings(check.dispatch.kernel);
  // A limit of 0 stays 0: kernels that only copy, such as pooling, get values that float16 represents exactly.
  return { ...check, halves, dispatch: halveDispatch(check.dispatch, halves), limit: COARSER * check.limit };
}

interface HalfCheck extends Check {
  /** Bindings stored as float16. */
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
    // A value that the kernel leaves unwritten stays NaN and fails.
    const contents = operands[name] ?? new Float32Array(expected[name]!.length).fill(NaN);
    if (!places.has(contents)) {
      const buffer = await gpu.createBuffer(
        name,
        Math.max(WINDOW, contents.byteLength),
        GPUBufferUsage.UNIFORM,
      );
      const stored = halves.includes(name) ? Float16Array.from(contents) : contents;
      gpu.write(buffer, 0, stored);
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

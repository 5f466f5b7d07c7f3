/**
 * Proves the kernels of one plan on the adapter at hand, the basic variants included: for machines of strangers, where
 * nothing may be trusted. Only what the plan runs is tested; a variant that fails is replaced by the next.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { completeChoices, type KernelChoices } from "../../kernels/choices.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { adapterKind } from "../gpu/adapter.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { compileTests, selfTest, type SelfTestResult } from "./self_test.ts";
import type { VerdictMemory } from "./verdicts.ts";

/** The verdict on one kernel. */
export interface KernelVerdict {
  /** The path of the kernel's file below `kernels/`, without its ending. */
  readonly kernel: string;
  /** The variant that it was tested for; absent for kernels that have no alternative. */
  readonly variant?: string;
  /** Whether it computes correctly here. */
  readonly passed: boolean;
  /** Whether an earlier start tested it. */
  readonly remembered: boolean;
  /** Why it failed. */
  readonly reason?: string;
  /** Largest absolute error, and the largest that passes; absent if it was remembered or could not run. */
  readonly worstError?: number;
  /** See {@linkcode KernelVerdict.worstError}. */
  readonly limit?: number;
}

/** A variant that is not used, and why. */
export interface RefusedVariant {
  /** Its name. */
  readonly variant: string;
  /** The kernel that failed. */
  readonly kernel: string;
  /** How. */
  readonly reason: string;
}

/** What {@linkcode provePlan} found. */
export interface Proof {
  /** The verdict on every kernel that was considered. */
  readonly verdicts: readonly KernelVerdict[];
  /** The variants that failed. */
  readonly refused: readonly RefusedVariant[];
}

/** Options of {@linkcode provePlan}. */
export interface ProveOptions {
  /** Keeps verdicts between starts. */
  readonly memory?: VerdictMemory | undefined;
  /** Variants to prefer, if they pass. */
  readonly prefer?: KernelChoices | undefined;
  /** Called before each test. */
  readonly onTest?: ((done: number, total: number) => void) | undefined;
}

/** A kernel in a plan, with the variant that put it there. */
interface Use {
  readonly kernel: string;
  readonly variant: string | null;
}

const nameOf = ({ kernel, variant }: Use) => variant === null ? kernel : `${variant}: ${kernel}`;

/**
 * Sets the device's choices to variants whose kernels pass their self-tests, as far as a plan uses them.
 *
 * @param kernelsOf the labels of the kernels that the plan runs with these choices
 * @throws {Error} if a kernel fails that nothing can replace, or the device is lost
 * @throws {CapacityError} if the device lacks memory for a test
 */
export async function provePlan(
  gpu: Gpu,
  kernelsOf: (choices: KernelChoices) => Iterable<string>,
  { memory, prefer, onTest }: ProveOptions = {},
): Promise<Proof> {
  const verdicts = new Map<string, KernelVerdict>();
  const kept = (await memory?.read(gpu))?.verdicts ?? {};
  const tested: Record<string, boolean> = {};
  const isRefused = (variant: string, kernels: readonly string[]) =>
    kernels.some((kernel) => verdicts.get(nameOf({ kernel, variant }))?.passed === false);
  for (;;) {
    let choices: KernelChoices;
    try {
      choices = completeChoices(
        OPERATIONS,
        adapterKind(gpu.adapter),
        prefer,
        ({ needs, kernels }, variant) => gpu.has(needs) && !isRefused(variant, kernels),
      );
    } catch (error) {
      throw unusable(gpu, `all its ways to compute a layer give wrong results (${(error as Error).message})`);
    }
    const uses = usesOf(kernelsOf(choices), choices);
    const unknown = uses.filter((use) => !verdicts.has(nameOf(use)));
    for (const use of unknown) {
      const passed = kept[nameOf(use)];
      if (passed === undefined) continue;
      verdicts.set(
        nameOf(use),
        verdictOf(use, { passed, remembered: true, ...(passed ? {} : { reason: "failed before" }) }),
      );
    }
    const untested = unknown.filter((use) => !verdicts.has(nameOf(use)));
    const failures = untested.length === 0 ? new Map<string, string>() : await compile(gpu, untested);
    for (const [index, use] of untested.entries()) {
      onTest?.(index, untested.length);
      const verdict = await test(gpu, use, failures.get(nameOf(use)));
      verdicts.set(nameOf(use), verdict);
      tested[nameOf(use)] = verdict.passed;
    }
    const failed = uses.filter((use) => !verdicts.get(nameOf(use))!.passed);
    if (failed.length === 0) {
      gpu.choices = choices;
      break;
    }
    const lost = failed.find(({ variant }) => variant === null) ??
      failed.find(({ variant }) => !Object.values(choices).includes(variant!));
    if (lost !== undefined) {
      const { reason } = verdicts.get(nameOf(lost))!;
      throw unusable(gpu, `the kernel "${lost.kernel}" fails (${reason}), and no other can take its place`);
    }
  }
  if (Object.keys(tested).length > 0) await memory?.write(gpu, tested);
  const all = [...verdicts.values()];
  const refused = all.flatMap(({ passed, variant, kernel, reason = "" }) =>
    passed || variant === undefined ? [] : [{ variant, kernel, reason }]
  );
  return { verdicts: all, refused };
}

function unusable(gpu: Gpu, why: string): Error {
  return new Error(
    `Cannot compute on "${gpu.adapter.description}": ${why}\n` +
      "hint: update the graphics driver and the browser, or use another GPU",
  );
}

/** The kernels of a plan with the variants that they belong to: the chosen ones, else any that a shape fell back to. */
function usesOf(labels: Iterable<string>, choices: KernelChoices): Use[] {
  const uses = new Map<string, Use>();
  for (const kernel of new Set(labels)) {
    const owners = OPERATIONS.flatMap(({ variants }) =>
      Object.entries(variants).filter(([, { kernels }]) => kernels.includes(kernel)).map(([name]) => name)
    );
    const chosen = owners.filter((name) => Object.values(choices).includes(name));
    const names: (string | null)[] = chosen.length > 0 ? chosen : owners.slice(0, 1);
    for (const variant of names.length > 0 ? names : [null]) {
      const use = { kernel, variant };
      uses.set(nameOf(use), use);
    }
  }
  return [...uses.values()];
}

function verdictOf(
  { kernel, variant }: Use,
  rest: Omit<KernelVerdict, "kernel" | "variant">,
): KernelVerdict {
  return { kernel, ...(variant === null ? {} : { variant }), ...rest };
}

/** Which tests a use needs. */
const testsOf = ({ kernel, variant }: Use) => (label: string, which?: string) =>
  label === kernel && (variant === null || (which ?? variant) === variant);

/** Compiles the kernels of all tests concurrently; the reasons of those that do not compile. */
async function compile(gpu: Gpu, uses: readonly Use[]): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  await Promise.all(uses.map(async (use) => {
    try {
      await compileTests(gpu, testsOf(use));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      failures.set(nameOf(use), error.message);
    }
  }));
  return failures;
}

async function test(gpu: Gpu, use: Use, failure: string | undefined): Promise<KernelVerdict> {
  if (failure !== undefined) return verdictOf(use, { passed: false, remembered: false, reason: failure });
  const results: SelfTestResult[] = [];
  // Contained, a refusal is a failure of this kernel only; else every later call would throw it.
  const errors = await gpu.contain(async () => {
    for await (const result of selfTest(gpu, testsOf(use))) results.push(result);
  });
  const refusal = errors.find((error) => error instanceof GPUValidationError)?.message;
  const memory = errors.find((error) => !(error instanceof GPUValidationError))?.message;
  if (memory !== undefined) throw new CapacityError(`Cannot test the kernel "${use.kernel}": ${memory}`);
  const worst = results.reduce<SelfTestResult | undefined>(
    (most, one) =>
      most === undefined || one.worstError / one.limit > most.worstError / most.limit ? one : most,
    undefined,
  );
  const wrong = results.find(({ passed }) => !passed);
  const reason = refusal !== undefined
    ? `the device refused it: ${refusal}`
    : worst === undefined
    ? "it has no self-test"
    : wrong !== undefined
    ? `an error of ${wrong.worstError.toPrecision(3)}, at most ${wrong.limit.toPrecision(3)} passes`
    : undefined;
  return verdictOf(use, {
    passed: reason === undefined,
    remembered: false,
    ...(reason === undefined ? {} : { reason }),
    ...(worst === undefined ? {} : { worstError: worst.worstError, limit: worst.limit }),
  });
}

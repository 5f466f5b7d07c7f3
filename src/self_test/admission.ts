/**
 * Which variants an adapter is trusted with: those whose kernels pass their self-tests on it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { VariantFacts } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { selfTest, type SelfTestFilter, type SelfTestResult, testedKernels } from "./self_test.ts";
import { FLOAT16 } from "./verdicts.ts";

/** The variants of one device, each tested once, when it is first asked for. */
export class Admission {
  readonly #gpu: Gpu;
  readonly #verdicts = new Map<string, Promise<boolean | null>>();

  /** Starts with nothing tested; use {@linkcode admissionOf}. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Whether the device has what a variant needs, and its kernels pass their self-tests here. */
  async passes(label: string, variant: VariantFacts): Promise<boolean> {
    return this.#gpu.has(variant.needs) && await this.verdict(label, variant) === true;
  }

  /**
   * Whether a variant's kernels pass their self-tests; null if they could not be run for lack of memory.
   *
   * @throws {Error} if the device is lost.
   */
  verdict(label: string, variant: VariantFacts): Promise<boolean | null> {
    const least = new Set(variant.kernels).size;
    const tests = testsOf(label, variant);
    const name = `${label}: ${variant.kernels.join(", ")}`;
    return this.#once(name, () => selfTest(this.#gpu, tests), least);
  }

  /**
   * Whether a kernel passes its self-tests, for each of the variants that it may belong to; null as above. Tests of the
   * very text decide; without one, those of the file do that are of the variants.
   *
   * @throws as {@linkcode Admission.verdict}
   */
  async judge(kernel: Kernel, variants: readonly string[]): Promise<Map<string, boolean | null>> {
    const verdicts = new Map<string, boolean | null>();
    const { isExact, tests } = this.#testsFor(kernel, variants);
    for (const variant of variants) {
      const own = tests.filter((test) => (test.variant ?? variant) === variant);
      // A text that is tested for others is not this variant's.
      if (own.length === 0 && isExact) continue;
      const codes = new Set(own.map((test) => test.kernel.code));
      const wanted: SelfTestFilter = (_, which, code) => codes.has(code) && (which ?? variant) === variant;
      verdicts.set(variant, await run(this.#gpu, () => selfTest(this.#gpu, wanted), 1));
    }
    return verdicts;
  }

  /**
   * Compiles the kernels of a plan together with those of the tests of some of them; what is wrong with one is found
   * when it is tested or used.
   */
  async compile(
    tested: readonly { readonly kernel: Kernel; readonly owners: readonly string[] }[],
    plan: readonly Kernel[],
  ): Promise<void> {
    const tests = tested.flatMap(({ kernel, owners }) => this.#testsFor(kernel, owners).tests);
    await this.#gpu.contain(() =>
      this.#gpu.compile(plan, tests.map(({ kernel }) => kernel)).catch((error) => {
        if (!(error instanceof SyntaxError || error instanceof CapacityError)) throw error;
      })
    );
  }

  #testsFor({ label, code }: Kernel, variants: readonly string[]) {
    const tests = testedKernels(
      this.#gpu,
      (kernel, which) => kernel === label && (which === undefined || variants.includes(which)),
    );
    const exact = tests.filter(({ kernel }) => kernel.code === code);
    return exact.length > 0 ? { isExact: true, tests: exact } : { isExact: false, tests };
  }

  /** Whether every kernel that may store tensors as float16 passes its self-test with them; null as above. */
  float16(): Promise<boolean | null> {
    return this.#once(FLOAT16, () => selfTest(this.#gpu, () => true, "f16"), 1);
  }

  #once(name: string, results: () => AsyncIterable<SelfTestResult>, least: number): Promise<boolean | null> {
    let verdict = this.#verdicts.get(name);
    if (verdict === undefined) this.#verdicts.set(name, verdict = run(this.#gpu, results, least));
    return verdict;
  }
}

/** Which self-tests are those of a variant. */
function testsOf(label: string, { kernels }: VariantFacts): SelfTestFilter {
  return (kernel, which) => kernels.includes(kernel) && (which ?? label) === label;
}

const admissions = new WeakMap<Gpu, Admission>();

/** The admission of a device: what was tested for one caller is not tested again for the next. */
export function admissionOf(gpu: Gpu): Admission {
  let admission = admissions.get(gpu);
  if (admission === undefined) admissions.set(gpu, admission = new Admission(gpu));
  return admission;
}

/**
 * Runs self-tests to a verdict: false too if a kernel does not compile, if the device refuses it, or if fewer than
 * `least` kernels have a test. What a lack of memory prevents says nothing about the kernels: null.
 */
async function run(
  gpu: Gpu,
  results: () => AsyncIterable<SelfTestResult>,
  least: number,
): Promise<boolean | null> {
  const tested = new Set<string>();
  let passed = true;
  let couldRun = true;
  // Contained, a refusal is a failure of this variant only; else every later call would throw it.
  const errors = await gpu.contain(async () => {
    try {
      for await (const result of results()) {
        tested.add(result.kernel);
        passed &&= result.passed;
      }
    } catch (error) {
      if (error instanceof CapacityError) couldRun = false;
      else if (error instanceof SyntaxError) passed = false;
      else throw error;
    }
  });
  for (const error of errors) {
    if (error instanceof GPUValidationError) passed = false;
    else couldRun = false;
  }
  if (!couldRun) return null;
  return passed && tested.size >= least;
}

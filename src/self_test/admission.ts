/**
 * Which variants an adapter is trusted with: those whose kernels passed their self-tests on it.
 *
 * @module
 */
import {
  type AdapterKind,
  completeChoices,
  type KernelChoices,
  type VariantFacts,
} from "../../kernels/choices.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { selfTest, type SelfTestResult } from "./self_test.ts";

/** What a device may refuse. */
const SCOPES: readonly GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];

/** The variants of a device, each tested once, when it is first asked for. */
export class Admission {
  readonly #gpu: Gpu;
  readonly #kind: AdapterKind;
  /** What each self-test came to, by variant and kernels. */
  readonly #tested = new Map<string, Promise<boolean>>();

  /** Nothing was tested yet. */
  constructor(gpu: Gpu, kind: AdapterKind) {
    this.#gpu = gpu;
    this.#kind = kind;
  }

  /** Whether the device has what a variant needs, and its kernels pass their self-tests here. */
  async passes(name: string, { kernels, needs }: VariantFacts): Promise<boolean> {
    if (!this.#gpu.has(needs)) return false;
    const key = `${name} ${kernels.join()}`;
    let tested = this.#tested.get(key);
    if (!tested) this.#tested.set(key, tested = this.#test(new Set(kernels), name));
    return await tested;
  }

  /**
   * A variant for every class: what is given where it is admitted, else the first default that is. Basic variants are
   * taken untested, so that on software little is waited for.
   */
  async admit(given: KernelChoices = {}): Promise<KernelChoices> {
    const verdicts = new Map<string, boolean>();
    for (;;) {
      const doubtful = new Map<string, VariantFacts>();
      const choices = completeChoices(OPERATIONS, this.#kind, given, (variant, name) => {
        const verdict = variant.basic ? true : verdicts.get(name);
        // Hoped for until it is tested: another round then goes without those that failed.
        if (verdict === undefined) doubtful.set(name, variant);
        return verdict ?? true;
      });
      if (doubtful.size === 0) return choices;
      for (const [name, variant] of doubtful) verdicts.set(name, await this.passes(name, variant));
    }
  }

  /** Whether every kernel that may store tensors as float16 passes its self-test with them. */
  passesHalf(): Promise<boolean> {
    return this.#run(() => selfTest(this.#gpu, () => true, "f16"), 1);
  }

  #test(kernels: ReadonlySet<string>, variant: string): Promise<boolean> {
    const wanted = (label: string, which?: string) => kernels.has(label) && (which ?? variant) === variant;
    return this.#run(() => selfTest(this.#gpu, wanted), kernels.size);
  }

  /** A kernel that does not compile, or gives nothing, has failed like one that is wrong; so have fewer than `least`. */
  async #run(results: () => AsyncIterable<SelfTestResult>, least: number): Promise<boolean> {
    const { device } = this.#gpu;
    const tested = new Set<string>();
    // What the device refuses is this variant's failure alone: uncaught it would be thrown by every later call.
    for (const scope of SCOPES) device.pushErrorScope(scope);
    let right = true;
    try {
      for await (const { kernel, passed } of results()) {
        tested.add(kernel);
        right &&= passed;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      right = false;
    } finally {
      for (const _ of SCOPES) if (await device.popErrorScope()) right = false;
    }
    return right && tested.size >= least;
  }
}

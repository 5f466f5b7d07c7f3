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
import type { Gpu } from "./gpu.ts";
import { selfTest, type SelfTestResult } from "./self_check.ts";

/** What a device may refuse. */
const SCOPES: readonly GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];

/** The variants of a device, each tested once, when it is first asked for. */
export class Admission {
  readonly #gpu: Gpu;
  readonly #kind: AdapterKind;
  /** What each self-test came to, by kernel and variant. */
  readonly #tested = new Map<string, Promise<boolean>>();

  /** Nothing was tested yet. */
  constructor(gpu: Gpu, kind: AdapterKind) {
    this.#gpu = gpu;
    this.#kind = kind;
  }

  /** Whether the device has what a variant needs, and its kernels pass their self-tests here. */
  async passes(name: string, { kernels, needs }: VariantFacts): Promise<boolean> {
    if (!this.#gpu.has(needs)) return false;
    for (const kernel of kernels) {
      const key = `${kernel} ${name}`;
      if (!this.#tested.has(key)) this.#tested.set(key, this.#test(kernel, name));
      if (!await this.#tested.get(key)!) return false;
    }
    return true;
  }

  /**
   * A variant for every class: what is given where it is admitted, else the first default that is. Basic variants are
   * taken untested, so that on software nothing is waited for.
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
    return this.#run(() => selfTest(this.#gpu, () => true, "f16"));
  }

  #test(kernel: string, variant: string): Promise<boolean> {
    const wanted = (label: string, which?: string) => label === kernel && (which ?? variant) === variant;
    return this.#run(() => selfTest(this.#gpu, wanted));
  }

  /** A kernel that does not compile, or gives nothing, has failed like one that is wrong. */
  async #run(results: () => AsyncIterable<SelfTestResult>): Promise<boolean> {
    const { device } = this.#gpu;
    let tests = 0;
    // What the device refuses is this variant's failure alone: uncaught it would be thrown by every later call.
    for (const scope of SCOPES) device.pushErrorScope(scope);
    let right = true;
    try {
      for await (const { passed } of results()) {
        tests++;
        right &&= passed;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      right = false;
    } finally {
      for (const _ of SCOPES) if (await device.popErrorScope()) right = false;
    }
    return right && tests > 0;
  }
}

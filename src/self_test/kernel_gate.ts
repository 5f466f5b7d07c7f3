/**
 * Lets a plan run only kernels that passed their self-tests on the device. A kernel is tested before the first plan that
 * has it, in the very text that will run if a self-test has that, so that a network waits only for what it uses.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  chooseVariants,
  ownersOf,
  variantOf,
  type VerdictMemory,
  verdictName,
  type Verdicts,
} from "./verdicts.ts";

/** The kernels of one device, each tested once, when a plan first has it. */
export class KernelGate {
  readonly #gpu: Gpu;
  readonly #memory: VerdictMemory | undefined;
  /** Null if a lack of memory prevented the test. */
  readonly #verdicts: Map<string, boolean | null>;
  readonly #refused: Set<string>;
  /** Settles when the kernels that were handed over last are proven. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Takes the verdicts of earlier starts: a variant that failed then is refused from the start.
   *
   * @param memory keeps what is found
   */
  constructor(gpu: Gpu, verdicts: Verdicts = {}, memory?: VerdictMemory) {
    this.#gpu = gpu;
    this.#memory = memory;
    this.#verdicts = new Map(Object.entries(verdicts));
    const failed = Object.keys(verdicts).filter((name) => !verdicts[name]);
    this.#refused = new Set(failed.map(variantOf));
  }

  /** A variant for each class of shapes: the given one, unless it was refused or lacks what it needs. */
  choose(given: KernelChoices | undefined): KernelChoices {
    return chooseVariants(this.#gpu, given, (variant) => this.#refused.has(variant));
  }

  /**
   * Tests the kernels that were not tested before, and compiles all; see {@linkcode Gpu.admit}.
   *
   * @throws {Error} if the device is lost.
   */
  admit(kernels: readonly Kernel[]): Promise<boolean> {
    // One after the other: what one plan tests, the next need not.
    const result = this.#last.then(() => this.#admit(kernels));
    this.#last = result.catch(() => {});
    return result;
  }

  async #admit(kernels: readonly Kernel[]): Promise<boolean> {
    const { choices } = this.#gpu;
    const owned = kernels.map((kernel) => ({ kernel, owners: ownersOf(kernel, choices) }));
    const untested = owned.filter(({ kernel, owners }) =>
      owners.length > 0 && !owners.some((owner) => this.#verdicts.has(verdictName(owner, kernel)))
    );
    if (untested.length > 0) await this.#test(untested, kernels);
    const failed = owned.flatMap(({ kernel, owners }) =>
      owners.filter((owner) => {
        const passed = this.#verdicts.get(verdictName(owner, kernel));
        // A text that belongs to another of them has no verdict here.
        return passed === false || passed === null;
      })
    );
    if (failed.length === 0) return false;
    for (const variant of failed) this.#refused.add(variant);
    this.#gpu.choices = this.choose(choices);
    return true;
  }

  async #test(
    untested: readonly { readonly kernel: Kernel; readonly owners: readonly string[] }[],
    all: readonly Kernel[],
  ): Promise<void> {
    // Loaded here: most starts test nothing.
    const admission = (await import("./admission.ts")).admissionOf(this.#gpu);
    await admission.compile(untested, all);
    const tested: Record<string, boolean> = {};
    for (const { kernel, owners } of untested) {
      for (const [owner, passed] of await admission.judge(kernel, owners)) {
        const name = verdictName(owner, kernel);
        this.#verdicts.set(name, passed);
        if (passed !== null) tested[name] = passed;
      }
    }
    if (Object.keys(tested).length > 0) await this.#memory?.write(this.#gpu, tested);
  }
}

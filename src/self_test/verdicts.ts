/**
 * Verdicts of the self-tests on one adapter, and choosing variants by them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { completeChoices, type KernelChoices, type VariantFacts } from "../../kernels/choices.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";

/** Whether variants passed their self-tests on an adapter, by {@linkcode verdictName} or {@linkcode FLOAT16}. */
export type Verdicts = Readonly<Record<string, boolean>>;

/** What is remembered of an adapter. */
export interface Remembered {
  /** Verdicts of earlier self-tests. */
  readonly verdicts: Verdicts;
  /** Variants to take if the caller names none, such as those that were timed on this adapter. */
  readonly choices?: KernelChoices | undefined;
}

/**
 * Keeps verdicts between starts. What it returns must belong to the same adapter, driver, runtime and kernels as the
 * description it is asked for; both methods settle without an error if nothing can be read or written.
 */
export interface VerdictMemory {
  /** What is remembered of the adapter. */
  read(gpu: GpuDescription): Promise<Remembered>;
  /** Adds verdicts to those that are remembered. */
  write(gpu: GpuDescription, verdicts: Verdicts): Promise<void>;
}

/** Name of the verdict on storing tensors as float16. */
export const FLOAT16 = "float16";

/** Name of a variant's verdict; one kernel may have several geometries, each a variant with its own label. */
export function verdictName(label: string, { kernels }: VariantFacts): string {
  return `${label}: ${kernels.join(", ")}`;
}

/**
 * A variant for every class of shapes: the given one if it is admitted, else the first default that is. Basic variants
 * are taken without a test, so that a software adapter starts quickly.
 *
 * @param passes whether a variant passes its self-tests; called once, and only for those that the choice depends on
 * @param before called with the names of variants before they are tested, one after the other
 */
export async function chooseVerified(
  gpu: Gpu,
  given: KernelChoices | undefined,
  passes: (label: string, variant: VariantFacts) => Promise<boolean>,
  before?: (variants: readonly { readonly label: string; readonly variant: VariantFacts }[]) => Promise<void>,
): Promise<KernelChoices> {
  const verdicts = new Map<string, boolean>();
  for (;;) {
    const untested = new Map<string, { label: string; variant: VariantFacts }>();
    const choices = completeChoices(OPERATIONS, adapterKind(gpu.adapter), given, (variant, label) => {
      if (variant.basic) return true;
      if (!gpu.has(variant.needs)) return false;
      const name = verdictName(label, variant);
      // Assumed to pass until it is tested: another round then does without those that failed.
      if (!verdicts.has(name)) untested.set(name, { label, variant });
      return verdicts.get(name) ?? true;
    });
    if (untested.size === 0) return choices;
    await before?.([...untested.values()]);
    for (const [name, { label, variant }] of untested) verdicts.set(name, await passes(label, variant));
  }
}

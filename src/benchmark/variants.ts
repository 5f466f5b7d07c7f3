/**
 * Which kernel variants are chosen here, and whether those for hardware pass their self-tests on this adapter: their
 * speed is meaningful only on hardware.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { nonDefaultChoices, OPERATIONS } from "../../kernels/variants.ts";
import { adapterKind } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { admissionOf } from "../self_test/admission.ts";

/** Whether a variant passes its self-tests. */
export interface VariantCheck {
  /** Its operation, such as `product`. */
  readonly operation: string;
  /** Its name. */
  readonly variant: string;
  /** Whether it passed; null if the device lacks a feature that it needs. */
  readonly passed: boolean | null;
}

/** The variants on one adapter. */
export interface VariantReport {
  /** The chosen variant for every class of shapes. */
  readonly choices: KernelChoices;
  /** Those that are not the defaults for this kind of adapter. */
  readonly unusual: KernelChoices;
  /** Whether choices were given, such as those timed on this adapter. */
  readonly given: boolean;
  /** The variants that must pass a self-test before they are used. */
  readonly checked: readonly VariantCheck[];
}

/** Reports which variants were chosen, and tests those that are not basic. */
export async function describeVariants(gpu: Gpu, given: boolean): Promise<VariantReport> {
  const checked: VariantCheck[] = [];
  for (const { name: operation, variants } of OPERATIONS) {
    for (const [variant, facts] of Object.entries(variants)) {
      if (facts.basic) continue;
      const possible = gpu.has(facts.needs);
      checked.push({
        operation,
        variant,
        passed: possible ? await admissionOf(gpu).passes(variant, facts) : null,
      });
    }
  }
  const { choices } = gpu;
  return { choices, unusual: nonDefaultChoices(adapterKind(gpu.adapter), choices), given, checked };
}

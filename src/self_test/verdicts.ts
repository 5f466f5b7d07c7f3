/**
 * Verdicts of the self-tests on one adapter, and choosing variants by them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { completeChoices, type KernelChoices, type VariantFacts } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { crc32 } from "../crc32.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";

/** Whether kernels passed their self-tests on an adapter, by {@linkcode verdictName} or {@linkcode FLOAT16}. */
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

/** Name of the verdict on a kernel as part of a variant: its file, and the checksum of what runs of it. */
export function verdictName(variant: string, { label, code }: Kernel): string {
  return `${variant}: ${label} ${crc32(new TextEncoder().encode(code)).toString(16).padStart(8, "0")}`;
}

/** The variant of a {@linkcode verdictName}. */
export function variantOf(name: string): string {
  return name.split(":", 1)[0]!;
}

/**
 * A variant for every class of shapes: the given one if the device has what it needs, else the first default of which
 * that is true; none that was refused.
 */
export function chooseVariants(
  gpu: Gpu,
  given: KernelChoices | undefined,
  isRefused: (variant: string, facts: VariantFacts) => boolean,
): KernelChoices {
  return completeChoices(
    OPERATIONS,
    adapterKind(gpu.adapter),
    given,
    (facts, name) => facts.basic === true || gpu.has(facts.needs) && !isRefused(name, facts),
  );
}

/** The variants among the chosen ones that have a kernel and need its self-test: none for basic kernels. */
export function ownersOf({ label }: Kernel, choices: KernelChoices): string[] {
  const chosen = new Set(Object.values(choices));
  const owners = OPERATIONS.flatMap(({ variants }) =>
    Object.entries(variants).filter(([name, { basic, kernels }]) =>
      !basic && chosen.has(name) && kernels.includes(label)
    )
  );
  return [...new Set(owners.map(([name]) => name))];
}

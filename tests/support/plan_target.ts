/**
 * A plan target that stands for no device at hand.
 *
 * @module
 */
import type { AdapterKind, KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import type { PlanTarget } from "../../src/layers/plan_target.ts";

/** Properties of a target, and its choices if they are not all the defaults of its kind of adapter. */
export interface TestTarget extends Partial<PlanTarget> {
  /** Whose defaults; software by default. */
  readonly kind?: AdapterKind;
  /** Replace some of the defaults. */
  readonly choices?: KernelChoices;
}

/** The properties given, and otherwise those of a small software adapter. */
export function testTarget({ kind = "software", choices, ...rest }: TestTarget = {}): PlanTarget {
  return {
    maxBinding: 2 ** 24,
    workspace: 2 ** 24,
    pairs: kind === "software",
    workgroups: 4,
    choices: { ...defaultChoices(kind), ...choices },
    strict: false,
    ...rest,
  };
}

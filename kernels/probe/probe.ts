/**
 * Tiny kernels that show whether an adapter does what it claims: a feature counts only if its kernel ran.
 * This module is browser compatible.
 *
 * @module
 */
import computeCode from "./compute.wgsl" with { type: "text" };
import f16Code from "./f16.wgsl" with { type: "text" };
import subgroupsCode from "./subgroups.wgsl" with { type: "text" };

/** Number of values that a probe writes. */
export const PROBE_LENGTH = 64;

/** A kernel with one binding, to which one workgroup writes {@linkcode PROBE_LENGTH} float32 values. */
export interface Probe {
  /** Path of the WGSL file below `kernels/`, without its ending. */
  readonly label: string;
  /** The whole WGSL text; its entry point is `main`. */
  readonly code: string;
  /** Whether these are the values that it should have written. */
  readonly passes: (values: Float32Array) => boolean;
}

const isHalves = (values: Float32Array) => values.every((value, i) => value === i + 0.5);

/** Whether the adapter computes at all. */
export const COMPUTE_PROBE: Probe = { label: "probe/compute", code: computeCode, passes: isHalves };

/** Whether `shader-f16` arithmetic runs. */
export const F16_PROBE: Probe = { label: "probe/f16", code: f16Code, passes: isHalves };

/** Whether subgroups exist and add; each value is the subgroup's size. */
export const SUBGROUPS_PROBE: Probe = {
  label: "probe/subgroups",
  code: subgroupsCode,
  passes: (values) => values.every((value) => value >= 2 && value === values[0]),
};

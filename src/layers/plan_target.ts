/**
 * What recorded steps depend on besides the network: the device.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Precision } from "../../kernels/storage.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";

/** Facts about the device that recorded steps depend on. */
export interface PlanTarget {
  /** Bytes that one binding may have. */
  readonly maxBinding: number;
  /** Bytes that a transformed tensor should not exceed, so that it stays in the caches. */
  readonly workspace: number;
  /** Whether Winograd's transforms compute two neighboring values per invocation, one word; false by default. */
  readonly pairs?: boolean;
  /** Workgroups that keep the device busy: long sums are split into enough slices for that. */
  readonly workgroups: number;
  /** The variant of every class of shapes. */
  readonly choices: KernelChoices;
  /** Whether only arithmetic as accurate as plain float32 sums may be chosen. */
  readonly strict: boolean;
  /** Storage type of tensors between layers; defaults to float32. Sums, weights and their gradients always are. */
  readonly precision?: Precision;
}

/**
 * Bytes that a transformed tensor may have: what the caches of a processor hold, and what is fastest on a hardware GPU.
 * With float16 tensors it is half of that, to keep its share of the memory the same.
 */
const WORKSPACE = { software: 24 * 2 ** 20, hardware: { f32: 128 * 2 ** 20, f16: 64 * 2 ** 20 } };

/** Workgroups that keep a device busy: a few per core of a processor or of a large GPU. */
const WORKGROUPS = { software: 4, hardware: 1024 };

/** The plan target of a device, open or only described. */
export function planTarget(gpu: GpuDescription): PlanTarget {
  const kind = adapterKind(gpu.adapter);
  const { precision = "f32" } = gpu;
  return {
    maxBinding: gpu.limits.maxStorageBufferBindingSize,
    workspace: kind === "software" ? WORKSPACE.software : WORKSPACE.hardware[precision],
    pairs: gpu.words ?? false,
    workgroups: WORKGROUPS[kind],
    choices: gpu.choices,
    strict: gpu.kernels === "strict",
    precision,
  };
}

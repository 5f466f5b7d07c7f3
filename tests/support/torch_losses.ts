/**
 * PyTorch's losses and their gradients, from `tests/fixtures/loss/`.
 *
 * @module
 */
import type { LossName } from "../../kernels/loss/definition.ts";

/** One batch of logits with each loss's value and gradient; made by `tests/fixtures/loss/make_loss.py`. */
export interface TorchLosses {
  /** What the case is about. */
  readonly name: string;
  /** One per pixel. */
  readonly logits: readonly number[];
  /** 0 or 1 per pixel. */
  readonly masks: readonly number[];
  /** By the loss's name. */
  readonly losses: Readonly<
    Record<LossName, { readonly value: number; readonly gradient: readonly number[] }>
  >;
}

/** Reads all cases. */
export async function torchLosses(): Promise<readonly TorchLosses[]> {
  const url = new URL("../fixtures/loss/losses.json", import.meta.url);
  return JSON.parse(await Deno.readTextFile(url)).cases;
}

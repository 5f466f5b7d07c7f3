/**
 * PyTorch's losses and their gradients, from `tests/fixtures/loss/`.
 *
 * @module
 */
import type { ClassCounts, LossName, LossSpec } from "../../kernels/loss/definition.ts";

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

/** A batch of several classes with its loss; made by `tests/fixtures/loss/make_classes.py`. */
export interface TorchClassLoss {
  /** What the case is about. */
  readonly name: string;
  /** The loss and the head. */
  readonly spec: LossSpec;
  /** Pixels of an image. */
  readonly pixels: number;
  /** [images, channels, pixels]. */
  readonly logits: readonly number[];
  /** [images, pixels] of class indices with a softmax, else [images, classes, pixels]; -1 is ignored. */
  readonly targets: readonly number[];
  /** The loss, the mean Dice loss of the classes, and the cross-entropy. */
  readonly loss: number;
  readonly dice: number;
  readonly bce: number;
  /** Share of the targets that count. */
  readonly accuracy: number;
  /** Number of the targets that count. */
  readonly counted: number;
  /** Of each class. */
  readonly counts: readonly ClassCounts[];
  /** By each logit. */
  readonly gradient: readonly number[];
}

/** Reads all cases of several classes. */
export async function torchClassLosses(): Promise<readonly TorchClassLoss[]> {
  const url = new URL("../fixtures/loss/classes.json", import.meta.url);
  return JSON.parse(await Deno.readTextFile(url)).cases;
}

/**
 * Limits for the difference between the network and PyTorch's float64 run.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { assertClose } from "./compare.ts";
import { pick, projections, type UnetFixture } from "./unet_fixture.ts";

/** Error limits of strict kernels; fast kernels have ten times these. */
export const LIMITS = {
  /** Of a probability. */
  probability: 1e-5,
  /** Of a probability at the original's size: 32 filters, 256 pixels. */
  largeProbability: 5e-5,
  /** Of a logit; a probability changes by at most a fourth of it. */
  logit: 5e-5,
  /** Of the loss and its terms before the first step. */
  loss: 5e-6,
  /** Of an entry of a gradient, relative to the largest one of its tensor. */
  gradient: 1e-4,
  /** Of the whole gradient, as a ratio of norms. */
  wholeGradient: 5e-5,
  /** Of a parameter after Adam steps, in units of the learning rate. */
  parameter: 0.02,
  /** Of the loss before each of 20 steps. */
  trainingLoss: 1e-5,
} as const;

/** Factor on {@linkcode LIMITS} for strict and fast kernels. */
export const SLACK = { strict: 1, fast: 10 } as const;

/**
 * Compares every gradient: its stored entries, and sums of all entries with pseudo-random signs.
 *
 * The root mean square of such sums estimates the norm of what they sum, so the differences of the sums estimate the
 * distance of the whole gradient.
 */
export function assertGradients(
  actual: StateDict,
  fixture: UnetFixture,
  slack: number,
  relative: number = LIMITS.gradient,
): void {
  assert.deepEqual([...actual.keys()].sort(), [...fixture.weights.keys()].sort());
  let squares = 0;
  let squaresOff = 0;
  for (const [name, { shape, data }] of actual) {
    assert.deepEqual(shape, fixture.weights.get(name)!.shape, name);
    const { norm, projections: expected } = fixture.report.gradients[name]!;
    const stored = fixture.sampled("gradient", name);
    const largest = largestGradient(fixture, name);
    const absolute = slack * relative * largest;
    assertClose(pick(data, stored), stored.values, { absolute, label: `gradient of ${name}` });
    const off = projections(data, expected.length).map((sum, k) => sum - expected[k]!);
    const meanSquare = off.reduce((sum, value) => sum + value ** 2, 0) / off.length;
    // Eight sums estimate a norm within a factor of two.
    const limit = 2 * absolute * Math.sqrt(data.length);
    assert.ok(
      Math.sqrt(meanSquare) <= limit,
      `gradient of ${name}: its ${data.length} entries are off by ${
        Math.sqrt(meanSquare)
      } in all, limit ${limit}`,
    );
    squares += norm ** 2;
    squaresOff += meanSquare;
  }
  const off = Math.sqrt(squaresOff / squares);
  const limit = slack * LIMITS.wholeGradient;
  assert.ok(off <= limit, `whole gradient: off by ${off} of its size, limit ${limit}`);
}

/** Compares parameters after Adam steps wherever the first gradient is well above rounding errors. */
export function assertParameters(
  actual: StateDict,
  fixture: UnetFixture,
  kind: "after1" | "after5",
  limit: number,
): void {
  let compared = 0;
  for (const [name, { data }] of actual) {
    const largest = largestGradient(fixture, name);
    const gradient = fixture.sampled("gradient", name);
    const gradientAt = new Map(Array.from(gradient.indices, (index, k) => [index, gradient.values[k]!]));
    const { indices, values } = fixture.sampled(kind, name);
    const clear = Array.from(indices, (_, k) => k).filter((k) => {
      const size = Math.abs(gradientAt.get(indices[k]!)!);
      return size > 1e-3 * largest && size > 1e-6;
    });
    const found = clear.map((k) => data[indices[k]!]!);
    const expected = clear.map((k) => values[k]!);
    assertClose(found, expected, { absolute: limit, label: `${name} ${kind}` });
    compared += clear.length;
  }
  assert.ok(compared > 3000, `only ${compared} parameters of ${kind} were compared`);
}

/**
 * The largest entry of a parameter's gradient. A bias before a norm has gradient zero, because the norm removes it, so
 * its weight's gradient is used instead.
 */
function largestGradient({ report }: UnetFixture, name: string): number {
  const canceled = report.norm === "instance" && /\.conv[12]\.bias$/.test(name);
  return report.gradients[canceled ? name.replace(".bias", ".weight") : name]!.largest;
}

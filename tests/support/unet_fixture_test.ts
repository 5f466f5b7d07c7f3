import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { assertClose } from "./compare.ts";
import { assertGradients } from "./unet_comparison.ts";
import { loadUnetFixture, projections, type UnetFixture } from "./unet_fixture.ts";

/** PyTorch's whole gradient, where the case stores it. */
function gradients(fixture: UnetFixture): StateDict {
  const tensors: StateDict = new Map();
  for (const [name, { shape }] of fixture.weights) {
    tensors.set(name, { shape, data: fixture.sampled("gradient", name).values.slice() });
  }
  return tensors;
}

for (const name of ["f2_none", "f2_instance"]) {
  Deno.test(`${name}: sums with pseudo-random signs are those of the script`, async () => {
    const fixture = await loadUnetFixture(name);
    for (const [parameter, { data }] of gradients(fixture)) {
      const { projections: expected, norm } = fixture.report.gradients[parameter]!;
      const absolute = 1e-6 * norm;
      assertClose(projections(data, expected.length), expected, { absolute, label: parameter });
    }
  });
}

Deno.test("assertGradients: accepts PyTorch's own and refuses small errors, one or many", async () => {
  const fixture = await loadUnetFixture("f2_none");
  assertGradients(gradients(fixture), fixture, 1);
  const name = "bottleneck.conv2.weight";
  const { largest } = fixture.report.gradients[name]!;
  const spoiled = (spoil: (data: Float32Array) => void) => {
    const tensors = gradients(fixture);
    spoil(tensors.get(name)!.data);
    return () => assertGradients(tensors, fixture, 1);
  };
  assert.throws(spoiled((data) => data[777]! += 2e-4 * largest), /gradient of bottleneck.*index 777/);
  assert.throws(
    spoiled((data) => data.forEach((value, index) => data[index] = 1.001 * value)),
    /gradient of/,
  );
  assert.throws(spoiled((data) => data.fill(0)), /gradient of/);
  // Each entry within its limit, all of them together not.
  const shifted = gradients(fixture);
  for (const [name, { data }] of shifted) {
    const offset = 0.9e-4 * fixture.report.gradients[name]!.largest;
    for (let index = 0; index < data.length; index++) data[index]! += index % 2 === 0 ? offset : -offset;
  }
  assert.throws(() => assertGradients(shifted, fixture, 1), /whole gradient: off by/);
  const missing = gradients(fixture);
  missing.delete(name);
  assert.throws(() => assertGradients(missing, fixture, 1));
});

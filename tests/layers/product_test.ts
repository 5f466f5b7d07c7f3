/** Batched matrix products, by every variant. */
import assert from "node:assert/strict";
import { weightedSum } from "../../kernels/average/average.ts";
import { PRODUCT } from "../../kernels/variants.ts";
import { Recorder, view } from "../../src/graph/recorder.ts";
import { recordProduct } from "../../src/layers/conv3x3/product.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** More layers than one uniform window holds: 64 of 16 x 16 values. */
const SHAPE = { rows: 16, columns: 1024, depth: 16, layers: 80 };

const random = new Random(9);
const A = random.floats(SHAPE.layers * SHAPE.depth * SHAPE.rows);
const B = random.floats(SHAPE.layers * SHAPE.depth * SHAPE.columns);

/** `c[z][m][n] = sum over k of a[z][k][m] b[z][k][n]`. */
function reference(): Float64Array {
  const { rows, columns, depth, layers } = SHAPE;
  const c = new Float64Array(layers * rows * columns);
  for (let zk = 0; zk < layers * depth; zk++) {
    const z = Math.floor(zk / depth);
    for (let m = 0; m < rows; m++) {
      const a = A[zk * rows + m]!;
      const at = (z * rows + m) * columns;
      for (let n = 0; n < columns; n++) c[at + n]! += a * B[zk * columns + n]!;
    }
  }
  return c;
}

const EXPECTED = reference();

for (const [variant, { needs }] of Object.entries(PRODUCT.variants)) {
  if (!gpu.has(needs)) {
    Deno.test(`recordProduct: ${variant} is not chosen on an adapter that lacks ${needs}`, () => {
      const { choices } = planTarget(gpu);
      for (const rows of [16, 64, 256]) {
        const shape = { rows, columns: 256, depth: 64, layers: 36 };
        assert.notEqual(PRODUCT.choose(choices, shape), variant);
      }
    });
    continue;
  }
  Deno.test({
    name: `recordProduct: ${variant} multiplies every layer`,
    fn: async () => {
      const recorder = new Recorder(2 ** 24);
      const [given, b] = [recorder.fixed("given", A.length), recorder.fixed("b", B.length)];
      const a = recorder.windowed("a", A.length);
      const c = recorder.temporary("c", EXPECTED.length);
      recorder.run(weightedSum(A.length, 0, 1), { value: given, total: view(a, 0, A.length) });
      recordProduct(
        { recorder, target: testTarget({ choices: { "product/low": variant } }) },
        SHAPE,
        a,
        b,
        c,
      );
      const products = recorder.steps.slice(1).map(({ dispatch }) => dispatch.kernel.label);
      assert.equal(products.length, variant === "nn_uniform" ? 2 : 1, products.join());
      const actual = await executeSteps(gpu, recorder.steps, [[given, A], [b, B]], c);
      assertClose(actual, EXPECTED, { absolute: 1e-5, label: "products" });
    },
  });
}

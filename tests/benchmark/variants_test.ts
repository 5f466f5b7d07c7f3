import assert from "node:assert/strict";
import { defaultChoices } from "../../kernels/variants.ts";
import { describeVariants } from "../../src/benchmark/variants.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { SOFTWARE, SOFTWARE_KIND } from "../support/software.ts";

Deno.test("describeVariants: the choices, and that the variants for hardware pass their self-tests here", async () => {
  const gpu = await openGpu({ ...SOFTWARE, choices: { "conv3x3/thin": "winograd4" } });
  try {
    const { choices, unusual, given, checked } = await describeVariants(gpu, true);
    const eight = gpu.has("subgroups of 8") ? true : null;
    const four = gpu.has("subgroups of 4") ? true : null;
    assert.deepEqual(choices, { ...defaultChoices(SOFTWARE_KIND), "conv3x3/thin": "winograd4" });
    assert.deepEqual([unusual, given], [{ "conv3x3/thin": "winograd4" }, true]);
    assert.deepEqual(
      checked.map(({ operation, variant, passed }) => [operation, variant, passed]),
      [
        ["product", "nn_subgroup", eight],
        ["product", "nn_subgroup4", four],
        ["product", "tiled", true],
        ["product", "tiled_32x128", true],
        ["sliced product", "nn_subgroup", eight],
        ["sliced product", "nn_subgroup4", four],
        ["sliced product", "turned", true],
        ["sliced product", "turned_32x32", true],
        ["im2col product", "nn_subgroup", eight],
        ["im2col product", "nn_subgroup4", four],
        ["im2col product", "tiled", true],
        ["im2col product", "tiled_32x128", true],
        ["row sums", "rows_subgroup", gpu.has("subgroups") ? true : null],
        ["winograd transform", "lanes", gpu.has("subgroups of exactly 8") ? true : null],
        ["conv3x3", "fused", eight],
        ["conv3x3", "small", eight],
        ["transposed convolution", "subgroup", eight],
        ["transposed convolution", "subgroup4", four],
        ["transposed convolution", "shared", true],
      ],
    );
  } finally {
    gpu.close();
  }
});

/**
 * Kernels that store tensors as float16: their code, ring 1 against the float64 loops, and admission. Inputs are values
 * that float16 represents exactly, so only the sums and the rounding of results differ.
 */
import assert from "node:assert/strict";
import { pixelBands } from "../../kernels/bands.ts";
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../kernels/conv1x1/conv1x1.ts";
import {
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import { kernel } from "../../kernels/kernel.ts";
import { normBackward } from "../../kernels/instance_norm/instance_norm.ts";
import { maxPoolBackward, maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { channelSums } from "../../kernels/reduce/reduce.ts";
import { halve, storableBindings } from "../../kernels/storage.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
import { selfTest } from "../../src/self_test/self_test.ts";
import { kernelFiles, readProject } from "../project/files.ts";
import { conv2dDgrad, conv2dForward, conv2dWgrad } from "../reference/conv2d.ts";
import * as transposed from "../reference/conv_transpose2d.ts";
import { maxPool2dBackward, maxPool2dForward } from "../reference/max_pool2d.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import { type Convolution, DIRECT, IM2COL, winograd } from "../support/convolution.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openF16TestGpu } from "../support/test_gpu.ts";

const gpu = await openF16TestGpu();

/** Largest relative rounding error of float16: half a unit in the last place of 11 bits. */
const ROUNDING = 2 ** -11;

/** Largest absolute rounding error below the smallest normal value of float16. */
const SUBNORMAL = 2 ** -25;

const NOTHING = new Float32Array(4);

/** Values that float16 represents exactly. */
function halves(random: Random, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(random.floats(count), Math.f16round);
}

/** Error limits of sums stored as float16: those of float32 sums plus the rounding. */
function storedLimits(limits: ArrayLike<number>, expected: ArrayLike<number>): Float64Array {
  return Float64Array.from(
    limits,
    (limit, index) => limit + ROUNDING * Math.abs(expected[index]!) + SUBNORMAL,
  );
}

const EXAMPLE = `alias X = vec4f;
@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: vec4u;
`;

Deno.test("halve: changes the alias of a binding to float16, keeps line numbers, and is memoized", () => {
  const example = kernel("storage/example", EXAMPLE);
  assert.deepEqual(storableBindings(example), ["x"]);
  const half = halve(example, ["x"]);
  assert.equal(half.code, `enable f16; ${EXAMPLE.replace("vec4f", "vec4<f16>")}`);
  assert.deepEqual([half.label, half.bindings], [example.label, example.bindings]);
  assert.equal(halve(example, ["x"]), half);
  assert.equal(halve(example, []), example);
});

Deno.test("halve: rejects a binding whose element type is not its own alias", () => {
  assert.throws(() => halve(kernel("storage/example", EXAMPLE), ["y"]), {
    name: "RangeError",
    message: 'Cannot store "y" of kernel "storage/example" as f16: its element type is not the alias Y',
  });
});

Deno.test("storableBindings: only kernels that read or write tensors between layers have any", () => {
  const storing = kernelFiles().filter((path) =>
    !path.startsWith("kernels/probe/") && storableBindings(kernel(path, readProject(path))).length > 0
  );
  assert.equal(storing.length, 44);
  // Weights, their gradients and moments, losses and matrix products stay float32.
  for (const room of ["adam", "augment", "average", "clip", "gemm", "loss"]) {
    assert.ok(!storing.some((path) => path.startsWith(`kernels/${room}/`)), room);
  }
});

Deno.test("openVerifiedGpu: rejects float16 without adapter support, or if kernels fail their self-tests with it", async () => {
  if (gpu === null) {
    await assert.rejects(openVerifiedGpu({ precision: "f16" }), {
      message: /^Cannot store tensors as f16 on ".*": .* shader-f16\nhint: train with --precision f32$/,
    });
    return;
  }
  // No kernel writes a result.
  const create = GPUComputePassEncoder.prototype.dispatchWorkgroups;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = () => {};
  try {
    await assert.rejects(openVerifiedGpu({ precision: "f16" }), {
      message:
        /^Cannot store tensors as f16 on ".*": .* wrong results there\nhint: train with --precision f32$/,
    });
  } finally {
    GPUComputePassEncoder.prototype.dispatchWorkgroups = create;
  }
});

if (gpu !== null) {
  Deno.test("selfTest: every kernel that may store float16 is tested with it, and passes", async () => {
    const tested = new Set<string>();
    for await (const { kernel, passed, worstError, limit } of selfTest(gpu, () => true, "f16")) {
      assert.ok(passed, `${kernel}: off by ${worstError}, limit ${limit}`);
      tested.add(kernel);
    }
    assert.equal(
      tested.size,
      (gpu.has("subgroups of 8") ? 42 : 36) + (gpu.has("subgroups of exactly 8") ? 2 : 0),
    );
  });

  for (
    const { method, tiles, factor } of [
      { method: DIRECT, tiles: false, factor: 1 },
      { method: IM2COL, tiles: false, factor: 1 },
      { method: winograd(2), tiles: true, factor: 1 },
      { method: winograd(4), tiles: true, factor: 2 },
      { method: winograd(4, { pairs: true }), tiles: true, factor: 2 },
    ]
  ) {
    Deno.test(`conv2d: ${method.name} with float16 storage`, async () => {
      const random = new Random(7);
      const [rows, columns] = method.multiples;
      const { channels: whole = 1 } = method;
      const [batch, height, width] = [2, 2 * rows, 3 * columns];
      const [inputs, outputs] = [Math.ceil(5 / whole) * whole, Math.ceil(9 / whole) * whole];
      const x = halves(random, batch * inputs * height * width);
      const gradient = halves(random, batch * outputs * height * width);
      const layer: Convolution = {
        batch,
        height,
        width,
        inputs,
        outputs,
        w: random.floats(outputs * inputs * 9),
        flipped: false,
        firstRow: 0,
        rows: outputs,
        sources: [{ x, channels: inputs }],
        epilogue: { bias: true },
        bias: random.floats(outputs),
      };
      const shape = { batch, inChannels: inputs, outChannels: outputs, height, width, kernel: 3, padding: 1 };
      const limits = (count: number, sums: Float64Array) => {
        const largest = sums.reduce((most, sum) => Math.max(most, sum), 0);
        return sumTolerances(count, tiles ? sums.fill(largest) : sums).map((limit) => factor * limit);
      };
      const { w } = layer;
      const bias = layer.bias!;
      const y = conv2dForward(x, w, bias, shape);
      const sums = conv2dForward(absolutes(x), absolutes(w), absolutes(bias), shape);
      assertClose(await method.run(gpu, layer), y, {
        absolute: storedLimits(limits(9 * inputs + 1, sums), y),
        label: "forward",
      });
      const flipped = {
        ...layer,
        flipped: true,
        rows: inputs,
        sources: [{ x: gradient, channels: outputs }],
        epilogue: { gate: "activation" as const },
        gate: { x },
      };
      const gradInput = conv2dDgrad(gradient, w, shape).map((value, index) => x[index]! > 0 ? value : 0);
      assertClose(await method.run(gpu, flipped), gradInput, {
        absolute: storedLimits(
          limits(9 * outputs, conv2dDgrad(absolutes(gradient), absolutes(w), shape)),
          gradInput,
        ),
        label: "input gradient",
      });
      // Not a tensor between layers, so it stays float32.
      assertClose(await method.weightGradient(gpu, layer, gradient), conv2dWgrad(x, gradient, shape), {
        absolute: limits(batch * height * width, conv2dWgrad(absolutes(x), absolutes(gradient), shape)),
        label: "weight gradient",
      });
    });
  }

  for (const [height, width] of [[3, 8], [3, 5]] as const) {
    Deno.test(`conv_transpose2d: ${height} x ${width} with float16 storage`, async () => {
      const random = new Random(width);
      const [batch, inputs, outputs] = [2, 9, 5];
      const shape = { batch, inChannels: inputs, outChannels: outputs, height, width };
      const input = { batch, channels: inputs, height, width };
      const x = halves(random, batch * inputs * height * width);
      const gradient = halves(random, 4 * batch * outputs * height * width);
      const w = random.floats(inputs * outputs * 4);
      const bias = random.floats(outputs);
      const forward = transposed.convTranspose2dForward(x, w, bias, shape);
      const { y } = await runKernel(gpu, convTranspose2dForward(input, outputs, false), {
        x,
        affine: NOTHING,
        w,
        bias,
        y: gradient.length,
      });
      const sums = transposed.convTranspose2dForward(absolutes(x), absolutes(w), absolutes(bias), shape);
      assertClose(y, forward, {
        absolute: storedLimits(sumTolerances(inputs + 1, sums), forward),
        label: "forward",
      });
      const expected = transposed.convTranspose2dDgrad(gradient, w, shape)
        .map((value, index) => x[index]! > 0 ? value : 0);
      const { grad_input } = await runKernel(
        gpu,
        convTranspose2dDgrad(input, outputs, { gate: "activation" }, 1),
        { gradient, w, gate: x, gate_affine: NOTHING, grad_input: x.length },
      );
      const gradientSums = transposed.convTranspose2dDgrad(absolutes(gradient), absolutes(w), shape);
      assertClose(grad_input, expected, {
        absolute: storedLimits(sumTolerances(4 * outputs, gradientSums), expected),
        label: "input gradient",
      });
      // One band for both images.
      const bands = { images: batch, perImage: 1, pixels: height * width };
      const { partial } = await runKernel(gpu, convTranspose2dWgrad(input, outputs, false, bands, 0), {
        x,
        affine: NOTHING,
        gradient,
        partial: w.length,
      });
      assertClose(partial, transposed.convTranspose2dWgrad(x, gradient, shape), {
        absolute: sumTolerances(
          batch * height * width,
          transposed.convTranspose2dWgrad(absolutes(x), absolutes(gradient), shape),
        ),
        label: "weight gradient",
      });
    });
  }

  Deno.test("max_pool2d: with float16 storage, maxima are exact and sums are rounded once", async () => {
    const random = new Random(3);
    const [planes, height, width] = [3, 4, 6];
    const x = halves(random, planes * height * width).map((value) => Math.max(0, value));
    const gradient = halves(random, x.length / 4);
    const before = halves(random, x.length);
    const pooled = { height: height / 2, width: width / 2, count: planes };
    const { y } = await runKernel(gpu, maxPoolForward(pooled, false), {
      x,
      affine: NOTHING,
      y: gradient.length,
    });
    assert.deepEqual([...y], [...maxPool2dForward(x, planes, height, width)]);
    const { grad_input } = await runKernel(gpu, maxPoolBackward(pooled, false), {
      x,
      affine: NOTHING,
      gradient,
      grad_input: before,
    });
    const expected = maxPool2dBackward(x, gradient, width)
      .map((value, index) => before[index]! + (x[index]! > 0 ? value : 0));
    assertClose(grad_input, expected, { relative: ROUNDING, absolute: SUBNORMAL, label: "gradient" });
  });

  for (const [height, width] of [[4, 6], [3, 5]] as const) {
    Deno.test(`normBackward, channelSums: planes of ${height} x ${width} with float16 storage`, async () => {
      const random = new Random(width);
      const pixels = height * width;
      const planes = 4;
      const z = halves(random, planes * pixels);
      const gradient = halves(random, planes * pixels);
      const [statistics, affine, sums] = [1, 2, 3].map(() => random.floats(2 * planes));
      const expected = Float64Array.from(z, (value, index) => {
        const at = 2 * Math.floor(index / pixels);
        const normalized = (value - statistics![at]!) * statistics![at + 1]!;
        return affine![at]! *
          (gradient[index]! - sums![at]! / pixels - normalized * sums![at + 1]! / pixels);
      });
      const result = await runKernel(gpu, normBackward({ pixels, first: 0, count: planes }), {
        z,
        statistics: statistics!,
        affine: affine!,
        sums: sums!,
        gradient,
      });
      const limits = storedLimits(new Float64Array(z.length).fill(2 ** -20), expected);
      assertClose(result.gradient, expected, { absolute: limits, label: "gradient" });
      const shape = { batch: 2, channels: 2, height, width };
      const bands = pixelBands(shape);
      const { partial } = await runKernel(gpu, channelSums(shape, bands, 0), {
        x: z,
        x_vectors: z,
        partial: new Float32Array(2 * bands.total),
      });
      const totals = [0, 1].flatMap((channel) =>
        [0, 1].map((image) =>
          z.subarray((2 * image + channel) * pixels, (2 * image + channel + 1) * pixels)
            .reduce((sum, value) => sum + value, 0)
        )
      );
      const written = [0, 1].flatMap((channel) => [...partial.subarray(channel * bands.total).slice(0, 2)]);
      assertClose(written, totals, { absolute: 1e-5, label: "sums" });
    });
  }

  Deno.test("conv1x1: with float16 storage, logits and their gradient stay float32", async () => {
    const random = new Random(5);
    const input = { batch: 2, channels: 5, height: 2, width: 6 };
    const shape = { ...input, inChannels: 5, outChannels: 1, kernel: 1, padding: 0 };
    const x = halves(random, 120);
    const w = random.floats(5);
    const bias = random.floats(1);
    const gradient = random.floats(24);
    const { y } = await runKernel(gpu, conv1x1Forward(input, 1, false), {
      x,
      affine: NOTHING,
      w,
      bias,
      y: 24,
    });
    const sums = conv2dForward(absolutes(x), absolutes(w), absolutes(bias), shape);
    assertClose(y, conv2dForward(x, w, bias, shape), { absolute: sumTolerances(6, sums), label: "logits" });
    const expected = conv2dDgrad(gradient, w, shape).map((value, index) => x[index]! > 0 ? value : 0);
    const { grad_input } = await runKernel(gpu, conv1x1Dgrad(input, 1, { gate: "activation" }), {
      gradient,
      w,
      gate: x,
      gate_affine: NOTHING,
      grad_input: 120,
    });
    assertClose(grad_input, expected, {
      absolute: storedLimits(new Float64Array(120).fill(2 ** -22), expected),
      label: "input gradient",
    });
    const bands = pixelBands(input);
    const { partial } = await runKernel(gpu, conv1x1Wgrad(input, 1, bands, 0, false), {
      x,
      affine: NOTHING,
      gradient,
      partial: new Float32Array(5 * bands.total),
    });
    const written = Float64Array.from(
      { length: 5 },
      (_, channel) => partial[channel * bands.total]! + partial[channel * bands.total + 1]!,
    );
    assertClose(written, conv2dWgrad(x, gradient, shape), {
      absolute: sumTolerances(24, conv2dWgrad(absolutes(x), absolutes(gradient), shape)),
      label: "weight gradient",
    });
  });
}

import assert from "node:assert/strict";
import { fusedBands, fusedRows } from "../../kernels/conv2d/fused.ts";
import {
  splitTiles,
  tile,
  winogradGrad,
  winogradInput,
  winogradOutput,
} from "../../kernels/conv2d/winograd.ts";
import { MAX_WORKGROUPS, roundUp } from "../../kernels/grid.ts";
import { conv2dDgrad, conv2dForward, type Conv2dShape, conv2dWgrad } from "../reference/conv2d.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import {
  type Convolution,
  DIRECT,
  FUSED,
  fusedGradients,
  IM2COL,
  type Method,
  SMALL,
  smallGradients,
  type Source,
  winograd,
} from "../support/convolution.ts";
import { affineOf, normalized, scaled } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/**
 * Methods with their error limits, as multiples of that of a plain sum. A Winograd result is a difference of products of
 * its whole tile, so each limit is that of the tensor's largest sum of absolute values; F(4x4) multiplies by up to 8 on
 * the way, and was measured to lose ten times as much as F(2x2).
 */
const METHODS = [
  { method: DIRECT, tiles: false, factor: 1 },
  { method: IM2COL, tiles: false, factor: 1 },
  ...(gpu.has("subgroups of 8")
    ? [
      { method: FUSED, tiles: true, factor: 2 },
      { method: SMALL, tiles: false, factor: 1 },
    ]
    : []),
  { method: winograd(2), tiles: true, factor: 1 },
  { method: winograd(4), tiles: true, factor: 2 },
  { method: winograd(4, { pairs: true }), tiles: true, factor: 2 },
  ...(gpu.has("subgroups of exactly 8")
    ? [{ method: winograd(4, { lanes: true }), tiles: true, factor: 2 }]
    : []),
];

/** The GEMM with a uniform operand has tests of its own; here one size, whose layers take several dispatches. */
const UNIFORM = { method: winograd(4, { uniform: true }), tiles: true, factor: 2 };

interface Size {
  readonly batch: number;
  /** Of one or two sources. */
  readonly channels: readonly number[];
  readonly outputs: number;
  /** In multiples of what a method needs. */
  readonly height: number;
  readonly width: number;
  /** The sources that are normalized, one per test; -1 for none. */
  readonly normalized: readonly number[];
  readonly gates: readonly ("none" | "activation" | "normalized")[];
}

/** Each kind of read and write occurs at a ragged size; sizes at the limits have one of each. */
const SIZES: readonly Size[] = [
  { batch: 1, channels: [1], outputs: 1, height: 1, width: 1, normalized: [-1], gates: ["none"] },
  {
    batch: 2,
    channels: [3],
    outputs: 5,
    height: 5,
    width: 3,
    normalized: [-1, 0],
    gates: ["none", "activation", "normalized"],
  },
  {
    batch: 2,
    channels: [5, 3],
    outputs: 17,
    height: 2,
    width: 5,
    normalized: [-1, 1],
    gates: ["none", "normalized"],
  },
  { batch: 1, channels: [64], outputs: 9, height: 3, width: 4, normalized: [0], gates: ["activation"] },
];

/** Of one block, several and more than a dispatch of the weight gradient sums over; the last one is ragged. */
const SMALL_SIZES: readonly Size[] = [
  { batch: 1, channels: [1], outputs: 1, height: 4, width: 4, normalized: [-1], gates: ["none"] },
  {
    batch: 3,
    channels: [32, 16],
    outputs: 17,
    height: 4,
    width: 4,
    normalized: [-1, 1],
    gates: ["none", "activation", "normalized"],
  },
  { batch: 9, channels: [48], outputs: 1, height: 4, width: 4, normalized: [0], gates: ["activation"] },
  { batch: 2, channels: [1], outputs: 17, height: 2, width: 2, normalized: [0], gates: ["none"] },
  { batch: 21, channels: [16, 16], outputs: 1, height: 2, width: 2, normalized: [1], gates: ["normalized"] },
];

function sizesOf(method: Method): readonly Size[] {
  if (method === SMALL) return SMALL_SIZES;
  return method === UNIFORM.method ? SIZES.slice(-1) : SIZES;
}

interface Layer {
  readonly title: string;
  readonly reference: Conv2dShape;
  readonly forward: Convolution;
  /** Values of all sources as they are read, concatenated along channels. */
  readonly values: Float32Array;
  readonly gradient: Float32Array;
}

function draw(
  { multiples: [rows, columns], channels: whole = 1, name }: Method,
  size: Pick<Size, "batch" | "channels" | "outputs" | "height" | "width">,
  normalizedSource: number,
): Layer {
  const { batch } = size;
  const channels = size.channels.map((count) => roundUp(count, whole));
  const outputs = roundUp(size.outputs, whole);
  const height = size.height * rows;
  const width = size.width * columns;
  const inputs = channels.reduce((sum, count) => sum + count, 0);
  const random = new Random(inputs + outputs);
  const sources: Source[] = channels.map((channels, index) => ({
    x: random.floats(batch * channels * height * width),
    channels,
    ...(index === normalizedSource ? { affine: affineOf(random, batch * channels) } : {}),
  }));
  const forward = {
    batch,
    height,
    width,
    inputs,
    outputs,
    w: random.floats(outputs * inputs * 9),
    flipped: false,
    firstRow: 0,
    rows: outputs,
    sources,
    epilogue: { bias: true, relu: true },
    bias: random.floats(outputs),
  };
  const sizes = `${batch} x ${channels.join(" + ")} x ${height} x ${width} to ${outputs}`;
  return {
    title: `${name}, ${sizes}${normalizedSource < 0 ? "" : `, source ${normalizedSource} normalized`}`,
    reference: { batch, inChannels: inputs, outChannels: outputs, height, width, kernel: 3, padding: 1 },
    forward,
    values: concatenate(batch, sources),
    gradient: random.floats(batch * outputs * height * width),
  };
}

function concatenate(batch: number, sources: readonly Source[]): Float32Array {
  const read = sources.map(({ x, affine }) => affine ? normalized(x, affine) : x);
  const images = Array.from({ length: batch }, (_, image) =>
    read.map((values) => {
      const size = values.length / batch;
      return [...values.subarray(image * size, (image + 1) * size)];
    }));
  return Float32Array.from(images.flat(2));
}

/** Sums of the channels of a tensor, over images and pixels. */
function channelTotals(values: ArrayLike<number>, channels: number, pixels: number): Float64Array {
  const totals = new Float64Array(channels);
  Array.from(values).forEach((value, at) => totals[Math.floor(at / pixels) % channels]! += value);
  return totals;
}

/** Channels `first` to `first + count` of each image. */
function channelsOf(
  values: Float64Array,
  { batch, inChannels, height, width }: Conv2dShape,
  first: number,
  count: number,
) {
  const plane = height * width;
  return values.filter((_, index) => {
    const channel = Math.floor(index / plane) % inChannels;
    return batch > 0 && channel >= first && channel < first + count;
  });
}

for (const { method, tiles, factor } of [...METHODS, UNIFORM]) {
  const limitsOf = (count: number, sums: Float64Array) => {
    const largest = sums.reduce((most, sum) => Math.max(most, sum), 0);
    return sumTolerances(count, tiles ? sums.fill(largest) : sums).map((limit) => factor * limit);
  };
  for (const size of sizesOf(method)) {
    for (const normalizedSource of size.normalized) {
      const layer = draw(method, size, normalizedSource);
      const { forward, reference, values, gradient, title } = layer;

      Deno.test(`conv2d: forward, ${title}`, async () => {
        const y = await method.run(gpu, forward);
        const expected = conv2dForward(values, forward.w, forward.bias!, reference);
        const sums = conv2dForward(
          absolutes(values),
          absolutes(forward.w),
          absolutes(forward.bias!),
          reference,
        );
        assertClose(y, expected.map((value) => Math.max(0, value)), {
          absolute: limitsOf(forward.inputs * 9 + 1, sums),
          label: "y",
        });
      });

      Deno.test(`conv2d: weight gradient, ${title}`, async () => {
        const result = await method.weightGradient(gpu, forward, gradient);
        const sums = conv2dWgrad(absolutes(values), absolutes(gradient), reference);
        assertClose(result, conv2dWgrad(values, gradient, reference), {
          absolute: limitsOf(size.batch * forward.height * forward.width, sums),
          label: "gradient",
        });
      });
    }

    const { forward, reference, gradient, title } = draw(method, size, -1);
    for (const gate of size.gates) {
      Deno.test(`conv2d: input gradient, ${title}, gate ${gate}`, async () => {
        let first = 0;
        for (const { x, channels } of forward.sources) {
          const affine = affineOf(new Random(channels), size.batch * channels);
          const y = await method.run(gpu, {
            ...forward,
            flipped: true,
            firstRow: first,
            rows: channels,
            sources: [{ x: gradient, channels: forward.outputs }],
            epilogue: { gate },
            gate: gate === "normalized" ? { x, affine } : { x },
          });
          const open = gate === "normalized" ? scaled(x, affine) : x;
          const all = conv2dDgrad(gradient, forward.w, reference);
          const expected = channelsOf(all, reference, first, channels).map((value, index) =>
            gate === "none" || open[index]! > 0 ? value : 0
          );
          const sums = conv2dDgrad(absolutes(gradient), absolutes(forward.w), reference);
          assertClose(y, expected, {
            absolute: limitsOf(forward.outputs * 9, channelsOf(sums, reference, first, channels)),
            label: `source at channel ${first}`,
          });
          first += channels;
        }
      });
    }
  }
}

for (const { method } of METHODS) {
  for (const normalizedSource of [-1, 0]) {
    Deno.test(`conv2d: NaN passes the ReLU, ${method.name}, source ${normalizedSource}`, async () => {
      const { forward } = draw(
        method,
        { batch: 1, channels: [1], outputs: 1, height: 4, width: 4 },
        normalizedSource,
      );
      forward.sources[0]!.x[0] = NaN;
      const y = await method.run(gpu, forward);
      assert.ok(Number.isNaN(y[0]) && Number.isNaN(y[forward.width + 1]));
      assert.ok(Number.isFinite(y.at(-1)));
    });
  }
}

if (gpu.has("subgroups of 8")) {
  Deno.test("fusedWgrad: sums up the bias gradient, too", async () => {
    const { forward, gradient } = draw(FUSED, SIZES[2]!, -1);
    const { batch, inputs, outputs } = forward;
    const sums = await fusedGradients(gpu, forward, gradient);
    const pixels = forward.height * forward.width;
    assertClose(sums.slice(fusedRows({ inputs, outputs }).bias), channelTotals(gradient, outputs, pixels), {
      absolute: sumTolerances(batch * pixels, channelTotals(absolutes(gradient), outputs, pixels)),
      label: "bias gradient",
    });
  });

  for (const size of SMALL_SIZES.slice(-2)) {
    Deno.test(`smallWgrad: adds to kept gradients of weights and bias, ${size.batch} images`, async () => {
      const { forward, gradient, reference, values } = draw(SMALL, size, -1);
      const { batch, outputs, w, bias } = forward;
      const kept = { total: w, bias_total: bias! };
      const sums = await smallGradients(gpu, forward, gradient, { keep: true, scale: 0.5 }, kept);
      const pixels = size.height * size.width;
      for (
        const [actual, existing, added, most] of [
          [
            sums.total,
            w,
            conv2dWgrad(values, gradient, reference),
            conv2dWgrad(absolutes(values), absolutes(gradient), reference),
          ],
          [
            sums.bias_total,
            bias!,
            channelTotals(gradient, outputs, pixels),
            channelTotals(absolutes(gradient), outputs, pixels),
          ],
        ] as const
      ) {
        assertClose(actual, added.map((value, at) => existing[at]! + 0.5 * value), {
          absolute: sumTolerances(
            batch * pixels + 1,
            most.map((value, at) => Math.abs(existing[at]!) + value),
          ),
          label: "gradient",
        });
      }
    });
  }

  Deno.test("fusedBands: every row of tiles of an image lies in one band, also of large batches", () => {
    for (const [batch, height] of [[1, 4], [4, 64], [8, 128], [1, 256], [100, 32], [3, 36]] as const) {
      const shape = { batch, height, width: 2 * height };
      const { rows, perImage, total } = fusedBands(shape, { inputs: 8, outputs: 16 });
      assert.equal(rows * perImage, height / 4);
      assert.ok(rows * shape.width / 4 <= 512, "a sum of too many tiles");
      assert.ok(total >= perImage * batch && total % 4 === 0);
    }
  });
}

Deno.test("winogradInput, winogradOutput: all forms of F(4x4) give the same bits", async () => {
  const shape = { batch: 2, channels: 9, height: 8, width: 48 };
  const random = new Random(46);
  const x = random.floats(2 * 9 * 8 * 48);
  const affine = affineOf(random, 2 * 9);
  const bias = random.floats(9);
  const block = { target: shape, firstChannel: 1, channels: 8, rows: 16, firstRow: 3 };
  const results = [];
  for (const [pairs, lanes] of [[false, false], [true, false], [true, gpu.has("subgroups of exactly 8")]]) {
    // A run that begins within a row of tiles, and ends before its padding does.
    const tiling = splitTiles(tile(shape, 4, pairs, lanes), 32)[1]!;
    const input = winogradInput(tiling, { channels: 9, skipped: 2, count: 5, first: 4, depth: 11 }, true);
    const { v } = await runKernel(gpu, input, { x, affine, v: 36 * 11 * tiling.padded });
    const m = new Random(47).floats(36 * 16 * tiling.padded);
    const output = winogradOutput(tiling, block, { bias: true, gate: "activation" });
    const { y } = await runKernel(gpu, output, { m, bias, gate: x, gate_affine: affine, y: x.length });
    results.push([v, y].map((values) => new Uint32Array(values.slice().buffer)));
  }
  assert.deepEqual(results[1], results[0], "pairs");
  assert.deepEqual(results[2], results[0], "lanes");
});

for (const side of [2, 4] as const) {
  Deno.test(`winogradInput: F(${side}x${side}) of more tiles than workgroups fit one dimension`, async () => {
    const tiles = MAX_WORKGROUPS + 1;
    const maps = tile({ batch: 1, height: side, width: side * tiles }, side);
    const range = { channels: 1, first: 0, depth: 1 };
    // Values repeat every 16 tiles.
    const pattern = new Random(side).floats(side * side * 16);
    const gradient = Float32Array.from({ length: side * side * tiles }, (_, index) => {
      const row = Math.floor(index / maps.width);
      return pattern[row * side * 16 + index % (side * 16)]!;
    });
    const length = maps.positions * maps.padded;
    const { d } = await runKernel(gpu, winogradGrad(maps, range), { gradient, d: length });
    const input = winogradInput(maps, range, false, "channels");
    const { v } = await runKernel(gpu, input, { x: gradient, affine: new Float32Array(2), v: length });
    for (const values of [d, v]) {
      for (let position = 0; position < maps.positions; position++) {
        const all = values.subarray(position * maps.padded, position * maps.padded + tiles);
        // The first and last tiles touch the border of the image.
        const mismatch = all.findIndex((value, tile) =>
          tile > 0 && tile < tiles - 1 && value !== all[tile % 16 + 16]
        );
        assert.equal(mismatch, -1);
        const padding = values.subarray(position * maps.padded + tiles, (position + 1) * maps.padded);
        assert.ok(padding.every((value) => value === 0));
      }
    }
  });
}

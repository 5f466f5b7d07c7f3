/** Sliding windows: the bits of a plain prediction for one window, and device memory that does not grow with height. */
import assert from "node:assert/strict";
import { Predictor } from "../../src/prediction/predictor.ts";
import { logitsByWindows, windowBytes, windowKernels } from "../../src/prediction/windows.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { UNet } from "../../src/unet/unet.ts";
import { slide } from "../reference/windows.ts";
import { paint } from "../support/coco.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { spotModel } from "../support/spot_model.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const SIDE = 32;

Deno.test("logitsByWindows: one window has the bits of a plain prediction, several are their weighted mean", async () => {
  const gpu = await openTestGpu();
  const unet = await UNet.create(gpu, { filters: 2, outChannels: 2, dropout: 0 }, { seed: 3 });
  const [height, width] = [70, 90];
  const image = { shape: [3, height, width], data: new Random(1).floats(3 * height * width, -1, 1) };
  const window = (top: number, left: number) => {
    const data = new Float32Array(3 * SIDE * SIDE);
    for (let at = 0; at < data.length; at++) {
      const [c, y, x] = [Math.floor(at / SIDE ** 2), Math.floor(at / SIDE) % SIDE, at % SIDE];
      data[at] = image.data[(c * height + top + y) * width + left + x]!;
    }
    return { shape: [1, 3, SIDE, SIDE], data };
  };
  const first = window(7, 5);
  const alone = await logitsByWindows(unet, { shape: [3, SIDE, SIDE], data: first.data }, SIDE);
  assert.deepEqual(alone, await unet.logits(first));

  const plain = new Map<string, Float32Array>();
  const keys: [number, number][] = [];
  slide(height, width, SIDE, 2, (top, left) => {
    keys.push([top, left]);
    return new Float32Array(2 * SIDE * SIDE);
  });
  for (const [top, left] of keys) plain.set(`${top} ${left}`, (await unet.logits(window(top, left))).data);
  const expected = slide(height, width, SIDE, 2, (top, left) => plain.get(`${top} ${left}`)!);
  const { shape, data } = await logitsByWindows(unet, image, SIDE);
  assert.deepEqual(shape, [1, 2, height, width]);
  assertClose(data, expected, { absolute: 1e-5, label: "logits" });
  unet.close();
});

Deno.test("logitsByWindows: one window of exclusive classes and instance norm has the bits of a plain prediction", async () => {
  const gpu = await openTestGpu();
  const unet = await UNet.create(gpu, { filters: 4, outChannels: 3, norm: "instance" }, { seed: 3 });
  const data = new Random(2).floats(3 * SIDE * SIDE, -1, 1);
  const alone = await logitsByWindows(unet, { shape: [3, SIDE, SIDE], data }, SIDE);
  assert.deepEqual(alone, await unet.logits({ shape: [1, 3, SIDE, SIDE], data }));
  unet.close();
});

Deno.test("Predictor: reads windows of images of any size, smaller ones by reflection, at the model's scale", async () => {
  const gpu = await openTestGpu();
  for (const [width, height, scale] of [[75, 50, 1], [10, 7, 1], [40, 90, 0.5], [1, 33, 1]] as const) {
    const isSpot = (x: number, y: number) => x >= width / 4 && y >= height / 4 && x < width * 0.75;
    const image = paint(width, height, (x, y) => isSpot(x, y) ? 255 : 20);
    const model = await readModel(spotModel({ patch: SIDE, ...(scale === 1 ? {} : { scale }) }));
    const predictor = await Predictor.create(gpu, model);
    const [map] = await predictor.predict([image]);
    assert.deepEqual([map!.width, map!.height], [width * scale, height * scale]);
    if (scale === 1) {
      map!.data.forEach((value, at) =>
        assert.equal(value > 0.5, isSpot(at % width, Math.floor(at / width)), `${width} x ${height}: ${at}`)
      );
    }
    predictor.close();
  }
});

Deno.test("windowKernels: names every kernel that runs, also those of several windows only", async () => {
  const gpu = await openTestGpu();
  const unet = await UNet.create(gpu, { filters: 4 });
  const named = windowKernels(unet.config, planTarget(gpu), SIDE);
  const one = recordPlan(unet.config, planTarget(gpu), {
    kind: "predict",
    batch: 1,
    height: SIDE,
    width: SIDE,
  });
  const ran = new Set<string>();
  const { compile } = gpu;
  gpu.compile = (kernels) => {
    for (const { label } of kernels) ran.add(label);
    return compile.call(gpu, kernels);
  };
  try {
    // Rows of four windows and one more.
    await logitsByWindows(unet, { shape: [3, SIDE, 90], data: new Float32Array(3 * SIDE * 90) }, SIDE);
  } finally {
    gpu.compile = compile;
    unet.close();
  }
  const alone = new Set(one.steps.map(({ dispatch }) => dispatch.kernel.label));
  assert.ok(
    [...ran].some((label) => label !== "windows/accumulate" && !alone.has(label)),
    "a test of nothing",
  );
  assert.deepEqual([...ran].filter((label) => !named.has(label)), []);
});

Deno.test("windowBytes: 4096 x 4096 at 8 filters within 256 MiB, by the plan and by what is allocated", async () => {
  const config = completeConfig({ filters: 8 });
  const gpu = await openTestGpu();
  const planned = windowBytes(config, gpu, { side: 256, width: 4096 });
  assert.ok(planned < 256 * 2 ** 20, `${planned}`);
  const bytes = async (height: number) => {
    const unet = await UNet.create(gpu, { filters: 1 });
    const create = gpu.device.createBuffer;
    let allocated = 0;
    gpu.device.createBuffer = (descriptor) => {
      allocated += descriptor.size;
      return create.call(gpu.device, descriptor);
    };
    try {
      await logitsByWindows(unet, { shape: [3, height, 150], data: new Float32Array(3 * height * 150) }, 64);
    } finally {
      gpu.device.createBuffer = create;
      unet.close();
    }
    return allocated;
  };
  await bytes(64);
  const low = await bytes(100);
  assert.equal(await bytes(700), low);
});

/**
 * The tests of `deno task test:onnx`: exported models in onnxruntime next to our own predictions, and in ONNX's checker. Not part of
 * `test`: onnxruntime-node is no dependency and is fetched by the first run, and the checker is Debian's python3-onnx.
 *
 * @module
 */
import assert from "node:assert/strict";
import { NO_LOADER } from "../../src/benchmark/peer_process.ts";
import { joinBytes } from "../../src/bytes.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { normalizeImage } from "../../src/image/normalize.ts";
import { exportOnnx } from "../../src/onnx/export_model.ts";
import type { StateDict, Tensor } from "../../src/tensor.ts";
import { completeConfig } from "../../src/unet/config.ts";
import type { Model } from "../../src/unet/model_format.ts";
import { UNet } from "../../src/unet/unet.ts";
import { importPeer } from "../bench/peers/serve.ts";
import { assertClose } from "../support/compare.ts";
import { uniformFloats } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { loadUnetFixture } from "../support/unet_fixture.ts";

const VERSION = "1.30.0";

/** The largest difference of a probability between onnxruntime and us. */
const LIMIT = 1e-5;

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, unknown>,
  ): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>;
}

interface Runtime {
  InferenceSession: { create(model: Uint8Array): Promise<Session> };
  Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => unknown;
}

const CASES = ["none", "instance"].flatMap((norm) =>
  (["imagenet", "picture"] as const).flatMap((normalize) =>
    ([["sigmoid", 1], ["sigmoid", 3], ["softmax", 2], ["softmax", 5]] as const).map(([head, classes]) => ({
      norm,
      normalize,
      head,
      classes,
    }))
  )
);

for (const { norm, normalize, head, classes } of CASES) {
  Deno.test(`exportOnnx: ${norm} norm, ${normalize}, ${head} of ${classes} like ours, and valid`, async () => {
    const { report: { filters }, weights } = await loadUnetFixture(`f8_${norm}`);
    const network = completeConfig({
      filters,
      norm: norm as "none" | "instance",
      outChannels: classes + (head === "softmax" ? 1 : 0),
      head,
    });
    const state = withOutputs(weights, filters, network.outChannels);
    const model: Model = { state, description: { network, size: 64, normalize, threshold: 0.5 } };
    const bytes = joinBytes(exportOnnx(model));
    await check(bytes);
    const batches = [randomImages(3, 64, 64), randomImages(1, 32, 96), lowContrast(64, 64)];
    // Where all pixels of a plane are equal, instance normalization enlarges what they are rounded by.
    if (norm === "none") batches.push(oneValue(64, 64));
    await compare(await openTestGpu(), bytes, model, batches);
  });
}

for (const norm of ["none", "instance"] as const) {
  Deno.test(`exportOnnx: the original's size, ${norm} norm, like ours`, async () => {
    const { report: { filters }, weights: state } = await loadUnetFixture(`f32_${norm}`);
    const network = completeConfig({ filters, norm });
    const model: Model = {
      state,
      description: { network, size: 256, normalize: "imagenet", threshold: 0.5 },
    };
    // At this size the fast kernels alone are off by up to 1e-5.
    const gpu = await openTestGpu({ kernels: "strict" });
    await compare(gpu, joinBytes(exportOnnx(model)), model, [randomImages(1, 256, 256)]);
  });
}

/** The weights with a last layer of another number of channels. */
function withOutputs(weights: StateDict, filters: number, channels: number): StateDict {
  return new Map(weights)
    .set("outc.weight", {
      shape: [channels, filters, 1, 1],
      data: uniformFloats(8, channels * filters, Math.sqrt(3 / filters)),
    })
    .set("outc.bias", { shape: [channels], data: uniformFloats(9, channels, 0.2) });
}

/** Images from 0 to 1. */
function randomImages(batch: number, height: number, width: number): Tensor {
  return { shape: [batch, 3, height, width], data: uniformFloats(5, batch * 3 * height * width, 0.5, 0.5) };
}

/** An image of similar values. */
function lowContrast(height: number, width: number): Tensor {
  const { shape, data } = randomImages(1, height, width);
  return { shape, data: data.map((value) => 0.3 + 0.01 * value) };
}

/** An image without contrast. */
function oneValue(height: number, width: number): Tensor {
  return { shape: [1, 3, height, width], data: new Float32Array(3 * height * width).fill(0.3) };
}

async function compare(
  gpu: Gpu,
  bytes: Uint8Array,
  model: Model,
  batches: Tensor[],
): Promise<void> {
  const runtime = await importPeer<Runtime>(`npm:onnxruntime-node@${VERSION}`);
  const session = await runtime.InferenceSession.create(bytes);
  assert.deepEqual([session.inputNames, session.outputNames], [["images"], ["probabilities"]]);
  const { state, description: { network, normalize } } = model;
  const unet = await UNet.create(gpu, network, { state });
  try {
    for (const images of batches) {
      const input = new runtime.Tensor("float32", images.data, images.shape);
      const { data, dims } = (await session.run({ images: input }))["probabilities"]!;
      const ours = await unet.predict(normalizeAll(images, normalize));
      assert.deepEqual([...dims], ours.shape);
      assertClose(data, ours.data, { absolute: LIMIT, label: `images ${images.shape}` });
    }
  } finally {
    unet.close();
  }
}

function normalizeAll({ shape, data }: Tensor, how: "imagenet" | "picture"): Tensor {
  const size = data.length / shape[0]!;
  const normalized = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += size) {
    normalized.set(normalizeImage({ shape: shape.slice(1), data: data.slice(at, at + size) }, how).data, at);
  }
  return { shape, data: normalized };
}

const CHECK = "import onnx, sys; onnx.checker.check_model(onnx.load(sys.stdin.buffer), full_check=True)";

/** ONNX's own checker, with shape inference. */
async function check(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const args = ["-c", CHECK];
  const python = new Deno.Command("/usr/bin/python3", {
    args,
    env: NO_LOADER,
    stdin: "piped",
    stderr: "piped",
  });
  const child = python.spawn();
  const sent = new Blob([bytes]).stream().pipeTo(child.stdin).catch(() => {});
  const { success, stderr } = await child.output();
  await sent;
  const text = new TextDecoder().decode(stderr);
  const hint = text.includes("No module named 'onnx'") ? "\nhint: apt-get install python3-onnx" : "";
  assert.ok(success, `${text}${hint}`);
}

/**
 * Trains a tiny UNet on synthetic images and saves it:
 *
 *     deno run --allow-read --allow-write=predictions examples/train_on_phantoms.ts predictions/tiny.safetensors
 */
// deno-lint-ignore-file no-console
import {
  annotationMask,
  drawPhantomSlice,
  grayToRgb,
  normalizeImage,
  openGpu,
  packModel,
  resizeImage,
  type Tensor,
  Trainer,
  UNet,
} from "../mod.ts";

const [output = "predictions/tiny.safetensors"] = Deno.args;
const SIZE = 64;
const COUNT = 8;

/** Joins tensors of one image each to a batch [N, C, H, W]. */
function stack(tensors: readonly Tensor[]): Tensor {
  const data = new Float32Array(tensors.flatMap((tensor) => [...tensor.data]));
  return { shape: [tensors.length, ...tensors[0]!.shape], data };
}

const slices = Array.from({ length: COUNT }, (_, seed) => drawPhantomSlice(seed, SIZE));
const images = stack(
  slices.map(({ image }) => normalizeImage(resizeImage(grayToRgb(image), { width: SIZE, height: SIZE }))),
);
const masks = stack(slices.map(({ outlines }) => {
  const segmentation = outlines.map((outline) => [...outline]);
  const mask = annotationMask({ segmentation }, {
    width: SIZE,
    height: SIZE,
  });
  return { shape: [1, SIZE, SIZE], data: Float32Array.from(mask.data) };
}));

const gpu = await openGpu();
const network = { inChannels: 3, outChannels: 1, filters: 4, dropout: 0, norm: "instance" } as const;
const unet = await UNet.create(gpu, network, { seed: 1 });
const trainer = await Trainer.create(unet, { learningRate: 4e-3 });
for (let step = 1; step <= 40; step++) {
  const { loss } = await trainer.step(images, masks);
  if (step % 10 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
}
const state = await unet.stateDict();
const description = { network, size: SIZE, normalize: "imagenet", threshold: 0.5 } as const;
await Deno.writeFile(output, packModel({ state, description }));
console.log(`wrote ${output}`);
gpu.close();

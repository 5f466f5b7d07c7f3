/**
 * The same network in TensorFlow.js on its WebGPU backend: `tfjs.ts FILTERS SIZE BATCH THREADS`.
 *
 * @module
 */
import { importPeer, peerArguments, serve } from "./serve.ts";

const VERSION = "4.22.0";

/** The part of a tensor that is used here. */
interface Tensor {
  mul(other: Tensor | number): Tensor;
  add(other: Tensor | number): Tensor;
  sub(other: Tensor | number): Tensor;
  div(other: Tensor | number): Tensor;
  sum(): Tensor;
  mean(): Tensor;
  neg(): Tensor;
  log(): Tensor;
  toFloat(): Tensor;
  clipByValue(least: number, most: number): Tensor;
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** A layer, before and after it is applied. */
interface Layer {
  apply(input: unknown, options?: { training: boolean }): Tensor;
}

interface Tensorflow {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  input(options: { shape: number[] }): Tensor;
  model(options: { inputs: Tensor; outputs: Tensor }): Layer & { predict(input: Tensor): Tensor };
  layers:
    & Record<
      "conv2d" | "conv2dTranspose" | "maxPooling2d" | "dropout",
      (options: Record<string, unknown>) => Layer
    >
    & { concatenate(): Layer };
  randomUniform(shape: number[], least: number, most: number): Tensor;
  greater(a: Tensor, b: number): Tensor;
  scalar(value: number): Tensor;
  tidy(work: () => Tensor): Tensor;
  train: { adam(learningRate: number): { minimize(loss: () => Tensor, returnCost: true): Tensor } };
}

const { filters, size, batch } = peerArguments();
const tf = await importPeer<Tensorflow>(`npm:@tensorflow/tfjs@${VERSION}`);
await importPeer(`npm:@tensorflow/tfjs-backend-webgpu@${VERSION}`);
if (!await tf.setBackend("webgpu")) throw new Error("TensorFlow.js has no WebGPU backend here");
await tf.ready();

const convolve = (x: Tensor, outputs: number): Tensor =>
  tf.layers.conv2d({ filters: outputs, kernelSize: 3, padding: "same", activation: "relu" }).apply(x);
const twice = (x: Tensor, outputs: number) => convolve(convolve(x, outputs), outputs);

const input = tf.input({ shape: [size, size, 3] });
const skips: Tensor[] = [];
let x = input;
for (let level = 0; level < 5; level++) {
  x = twice(x, filters * 2 ** level);
  skips.push(x);
  x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(x);
}
x = tf.layers.dropout({ rate: 0.4 }).apply(twice(x, filters * 32));
for (let level = 4; level >= 0; level--) {
  const outputs = filters * 2 ** level;
  const up = tf.layers.conv2dTranspose({ filters: outputs, kernelSize: 2, strides: 2 }).apply(x);
  x = twice(tf.layers.concatenate().apply([up, skips[level]!]), outputs);
}
const output = tf.layers.conv2d({ filters: 1, kernelSize: 1, activation: "sigmoid" }).apply(x);
const model = tf.model({ inputs: input, outputs: output });

const images = tf.randomUniform([batch, size, size, 3], -1, 1);
const masks = tf.greater(tf.randomUniform([batch, size, size, 1], 0, 1), 0.8).toFloat();
const optimizer = tf.train.adam(1e-4);

/** 0.6 Dice + 0.4 BCE over the whole batch. */
const loss = () =>
  tf.tidy(() => {
    const p = model.apply(images, { training: true });
    const one = tf.scalar(1);
    const overlap = p.mul(masks).sum().mul(2).add(1e-6);
    const dice = one.sub(overlap.div(p.sum().add(masks.sum()).add(1e-6)));
    const inner = p.clipByValue(1e-7, 1 - 1e-7);
    const bce = masks.mul(inner.log()).add(one.sub(masks).mul(one.sub(inner).log())).mean().neg();
    return dice.mul(0.6).add(bce.mul(0.4));
  });

await serve(`TensorFlow.js ${VERSION}, WebGPU`, {
  forward: async () => {
    const probabilities = model.predict(images);
    await probabilities.data();
    probabilities.dispose();
  },
  step: async () => {
    const cost = optimizer.minimize(loss, true);
    await cost.data();
    cost.dispose();
  },
});

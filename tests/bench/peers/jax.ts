/**
 * The same network in jax-js on its WebGPU device: `jax.ts FILTERS SIZE BATCH THREADS`. Forward and backward without an
 * update and without dropout, which favors it. jax-js 0.1.25 has no transposed convolution and no pooling: they are a
 * matrix product and a maximum over a reshaped tensor. The first step compiles for minutes.
 *
 * @module
 */
import { importPeer, peerArguments, serve } from "./serve.ts";

const VERSION = "0.1.25";

/** The part of an array that is used here. Every use except `.ref` consumes the array. */
interface Jax {
  readonly ref: Jax;
  mul(other: Jax | number): Jax;
  add(other: Jax | number): Jax;
  sub(other: Jax | number): Jax;
  div(other: Jax | number): Jax;
  greater(other: number): Jax;
  reshape(shape: number[]): Jax;
  data(): Promise<Float32Array>;
}

type Parameters = Record<string, Jax>;

interface JaxModule {
  init(): Promise<unknown>;
  defaultDevice(name: string): void;
  random: { key(seed: number): Jax; uniform(key: Jax, shape: number[]): Jax };
  numpy: {
    zeros(shape: number[]): Jax;
    where(condition: Jax, a: number, b: number): Jax;
    max(x: Jax, axes: number[]): Jax;
    sum(x: Jax): Jax;
    mean(x: Jax): Jax;
    log(x: Jax): Jax;
    subtract(a: number, b: Jax): Jax;
    reshape(x: Jax, shape: number[]): Jax;
    transpose(x: Jax, axes: number[]): Jax;
    matmul(a: Jax, b: Jax): Jax;
    concatenate(xs: Jax[], axis: number): Jax;
  };
  lax: { conv(x: Jax, w: Jax, strides: number[], padding: string): Jax };
  nn: { relu(x: Jax): Jax; sigmoid(x: Jax): Jax };
  jit<F>(work: F): F;
  valueAndGrad(
    loss: (parameters: Parameters, images: Jax, masks: Jax) => Jax,
  ): (parameters: Parameters, images: Jax, masks: Jax) => [Jax, Parameters];
  tree: { ref<T>(tree: T): T };
}

const { filters, size, batch } = peerArguments();
const jax = await importPeer<JaxModule>(`npm:@jax-js/jax@${VERSION}`);
const { numpy: np, nn, lax, random } = jax;
await jax.init();
jax.defaultDevice("webgpu");

const widths = [0, 1, 2, 3, 4, 5].map((level) => filters * 2 ** level);
const parameters: Parameters = {};
let seed = 0;
const draw = (shape: number[], fanIn: number) =>
  random.uniform(random.key(seed++), shape).sub(0.5).mul(2 * Math.sqrt(3 / fanIn));
const addConv = (name: string, inputs: number, outputs: number, kernel = 3) => {
  parameters[`${name} weight`] = draw([outputs, inputs, kernel, kernel], inputs * kernel * kernel);
  parameters[`${name} bias`] = np.zeros([1, outputs, 1, 1]);
};
widths.forEach((width, level) => {
  addConv(`down${level} 1`, level === 0 ? 3 : widths[level - 1]!, width);
  addConv(`down${level} 2`, width, width);
});
for (let level = 4; level >= 0; level--) {
  const [width, below] = [widths[level]!, widths[level + 1]!];
  parameters[`up${level}`] = draw([below, 4 * width], below);
  addConv(`up${level} 1`, 2 * width, width);
  addConv(`up${level} 2`, width, width);
}
addConv("outc", filters, 1, 1);

function network(p: Parameters, images: Jax): Jax {
  const convolve = (name: string, x: Jax) =>
    lax.conv(x, p[`${name} weight`]!, [1, 1], "SAME").add(p[`${name} bias`]!);
  const twice = (name: string, x: Jax) => nn.relu(convolve(`${name} 2`, nn.relu(convolve(`${name} 1`, x))));
  const skips: Jax[] = [];
  let x = images;
  let rows = size;
  for (let level = 0; level < 5; level++) {
    x = twice(`down${level}`, x);
    skips.push(x.ref);
    rows /= 2;
    x = np.max(np.reshape(x, [batch, widths[level]!, rows, 2, rows, 2]), [3, 5]);
  }
  x = twice("down5", x);
  for (let level = 4; level >= 0; level--) {
    const width = widths[level]!;
    const pixels = np.transpose(x, [0, 2, 3, 1]).reshape([batch * rows * rows, widths[level + 1]!]);
    const patches = np.matmul(pixels, p[`up${level}`]!).reshape([batch, rows, rows, width, 2, 2]);
    const up = np.transpose(patches, [0, 3, 1, 4, 2, 5]).reshape([batch, width, 2 * rows, 2 * rows]);
    rows *= 2;
    x = twice(`up${level}`, np.concatenate([up, skips[level]!], 1));
  }
  return nn.sigmoid(convolve("outc", x));
}

/** 0.6 Dice + 0.4 BCE over the whole batch. */
function loss(p: Parameters, images: Jax, masks: Jax): Jax {
  const q = network(p, images);
  const overlap = np.sum(q.ref.mul(masks.ref)).mul(2).add(1e-6);
  const dice = np.subtract(1, overlap.div(np.sum(q.ref).add(np.sum(masks.ref)).add(1e-6)));
  const positive = masks.ref.mul(np.log(q.ref.add(1e-7)));
  const negative = np.subtract(1, masks).mul(np.log(np.subtract(1 + 1e-7, q)));
  return dice.mul(0.6).add(np.mean(positive.add(negative)).mul(-0.4));
}

const gradient = jax.jit(jax.valueAndGrad(loss));
const images = random.uniform(random.key(seed++), [batch, 3, size, size]).sub(0.5).mul(2);
const masks = np.where(random.uniform(random.key(seed++), [batch, 1, size, size]).greater(0.8), 1, 0);

await serve(`jax-js ${VERSION}, WebGPU (forward and backward)`, {
  step: async () => {
    const [value, gradients] = gradient(jax.tree.ref(parameters), images.ref, masks.ref);
    await value.data();
    await Promise.all(Object.values(gradients).map((array) => array.data()));
  },
});

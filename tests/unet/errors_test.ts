/** What a network and its trainer reject: each message names the action, the value and the way out. */
import assert from "node:assert/strict";
import { type StateDict, type Tensor, Trainer, UNet } from "../../mod.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();
const unet = await UNet.create(gpu, { filters: 4 });
const trainer = await Trainer.create(unet);
const weights = await unet.stateDict();

function tensor(...shape: number[]): Tensor {
  return { shape, data: new Random(7).floats(shape.reduce((product, extent) => product * extent, 1)) };
}

const IMAGES = tensor(1, 3, 32, 32);
const MASKS = { shape: [1, 1, 32, 32], data: tensor(1, 1, 32, 32).data.map((value) => value > 0 ? 1 : 0) };

/** A changed copy of the weights. */
function changed(change: (state: StateDict) => void): StateDict {
  const state: StateDict = new Map(
    [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
  change(state);
  return state;
}

Deno.test("UNet, Trainer: reject images of the wrong shape", async () => {
  const wrong: Tensor[] = [
    tensor(3, 32, 32),
    tensor(1, 1, 32, 32),
    { shape: [1, 3, 32, 32], data: new Float32Array(5) },
    { shape: [2, 3, 32, 32], data: IMAGES.data },
  ];
  for (const images of wrong) {
    const expected = {
      name: "TypeError",
      message:
        `Cannot read images of shape [${images.shape.join(", ")}] with ${images.data.length} values: ` +
        "expected [N, 3, H, W]",
    };
    await assert.rejects(unet.logits(images), expected);
    await assert.rejects(unet.predict(images), expected);
    await assert.rejects(trainer.step(images, MASKS), expected);
    await assert.rejects(trainer.gradients(images, MASKS), expected);
    await assert.rejects(trainer.enqueueEvaluation(images, MASKS), expected);
  }
});

Deno.test("UNet, Trainer: reject heights and widths that are not multiples of 32, and empty batches", async () => {
  for (const [height, width] of [[33, 32], [32, 48], [16, 16], [0, 32]] as const) {
    const [name, value] = height % 32 !== 0 || height === 0 ? ["height", height] : ["width", width];
    const expected = {
      name: "RangeError",
      message: `Cannot plan images of ${name} ${value}: expected a multiple of 32\nhint: resize or pad them`,
    };
    await assert.rejects(unet.logits(tensor(1, 3, height, width)), expected);
    await assert.rejects(trainer.step(tensor(1, 3, height, width), tensor(1, 1, height, width)), expected);
  }
  await assert.rejects(trainer.step(tensor(0, 3, 32, 32), tensor(0, 1, 32, 32)), {
    name: "RangeError",
    message: "Cannot plan a batch of 0 images: expected an integer >= 1",
  });
});

Deno.test("Trainer: rejects masks whose shape is not that of the images", async () => {
  for (const masks of [tensor(1, 2, 32, 32), tensor(2, 1, 32, 32), tensor(1, 1, 64, 32), tensor(32, 32)]) {
    await assert.rejects(trainer.step(IMAGES, masks), {
      name: "TypeError",
      message:
        `Cannot train with masks of shape [${masks.shape.join(", ")}] and ${masks.data.length} values: ` +
        "expected [1, 1, 32, 32]",
    });
  }
});

Deno.test("Trainer: does not count a rejected batch as a step", async () => {
  const before = trainer.steps;
  await assert.rejects(trainer.step(tensor(1, 3, 40, 32), tensor(1, 1, 40, 32)));
  assert.equal(trainer.steps, before);
  assert.deepEqual(await trainer.readMetrics(), []);
});

// Every kernel mode and every norm.
for (const [kernels, norm] of [["fast", "instance"], ["strict", "none"]] as const) {
  Deno.test(`UNet, Trainer: NaN or infinity in an image or weight ends in an error, ${kernels}, norm ${norm}`, async () => {
    const own = await openTestGpu(kernels === "fast" ? {} : { kernels });
    const network = await UNet.create(own, { filters: 4, norm });
    const training = await Trainer.create(network);
    for (const bad of [NaN, Infinity]) {
      // One value in a corner, which the deepest levels hardly depend on.
      const images = { ...IMAGES, data: IMAGES.data.slice() };
      images.data[0] = bad;
      await assert.rejects(network.predict(images), {
        name: "Error",
        message: /^Cannot predict: the logit at index \d+ is NaN\nhint: /,
      });
    }
    const good = await training.state();
    await training.step(IMAGES, MASKS);
    const images = { ...IMAGES, data: IMAGES.data.slice() };
    images.data[images.data.length - 1] = NaN;
    await assert.rejects(training.step(images, MASKS), {
      name: "Error",
      message: /step 2 is NaN\nhint: lower the learning rate/,
    });
    // The gradients were NaN as well, and so are the weights from here on.
    await assert.rejects(training.step(IMAGES, MASKS), /step 3 is NaN/);
    training.load(good);
    const { loss } = await training.step(IMAGES, MASKS);
    assert.ok(Number.isFinite(loss));
    training.close();
    network.close();
  });
}

Deno.test("Trainer: a learning rate that is too high ends in an error that names the step", async () => {
  const network = await UNet.create(gpu, { filters: 4 });
  const training = await Trainer.create(network, { learningRate: 1e20 });
  const outcome = (async () => {
    for (let step = 0; step < 20; step++) await training.enqueue(IMAGES, MASKS);
    await training.readMetrics();
  })();
  await assert.rejects(
    outcome,
    /^Error: Training diverged: the loss of .*step \d+ is (NaN|Infinity)\nhint: /,
  );
  training.close();
  network.close();
});

Deno.test("UNet: rejects weights of a network with other filters, norm or number of classes", async () => {
  for (
    const config of [{ filters: 8 }, { filters: 4, norm: "instance" }, {
      filters: 4,
      outChannels: 2,
    }] as const
  ) {
    const other = await UNet.create(gpu, config);
    const expected = {
      name: "TypeError",
      message:
        /^Cannot load the state dict: (missing|misshapen): .*\nhint: the network needs the filters, classes and norm/,
    };
    assert.throws(() => other.loadStateDict(weights), expected);
    await assert.rejects(UNet.create(gpu, config, { state: weights }), expected);
    other.close();
  }
});

Deno.test("UNet.loadStateDict: changes nothing if tensors are missing, unexpected, misshapen or infinite", async () => {
  const cases: [StateDict, RegExp][] = [
    [changed((state) => state.delete("up3.up.bias")), /missing: up3\.up\.bias\nhint/],
    [changed((state) => state.set("up9.bias", weights.get("outc.bias")!)), /unexpected: up9\.bias\nhint/],
    [
      changed((state) => state.set("outc.weight", { shape: [4], data: weights.get("outc.weight")!.data })),
      /misshapen: outc\.weight is \[4\], the network's is \[1, 4, 1, 1\]\nhint/,
    ],
    [
      changed((state) => state.get("down2.conv1.weight")!.data[5] = -Infinity),
      /^RangeError: .*down2\.conv1\.weight holds -Infinity at index 5$/,
    ],
    [new Map(), /missing: down1\.conv1\.weight, .* and \d+ more\nhint/],
  ];
  unet.loadStateDict(weights);
  for (const [state, message] of cases) {
    assert.throws(() => unet.loadStateDict(state), message);
    assert.deepEqual(await unet.stateDict(), weights);
  }
});

Deno.test("UNet, Trainer: reject settings out of range", async () => {
  const settings = [{ filters: 0 }, { filters: 2.5 }, { outChannels: 0 }, { dropout: 1 }, { dropout: NaN }];
  for (const config of settings) {
    const [name, value] = Object.entries(config)[0]!;
    await assert.rejects(UNet.create(gpu, config), {
      name: "RangeError",
      message: new RegExp(`^Cannot build a UNet with ${name} ${value}: expected `),
    });
  }
  await assert.rejects(UNet.create(gpu, { norm: "batch" as "none" }), /RangeError: .*norm "batch"/);
  for (
    const options of [
      { learningRate: -1 },
      { beta1: 1 },
      { accumulate: 0 },
      { accumulate: 1.5 },
      {
        clipNorm: NaN,
      },
      { microBatch: 0 },
      { microBatch: 1.5 },
    ]
  ) {
    const [name, value] = Object.entries(options)[0]!;
    await assert.rejects(Trainer.create(unet, options), {
      name: "RangeError",
      message: new RegExp(`^Cannot train with ${name} ${value}: expected `),
    });
  }
});

Deno.test("Trainer.load: rejects the state of another network or of other settings", async () => {
  const state = await trainer.state();
  const averaging = await Trainer.create(unet, { averageDecay: 0.9 });
  assert.throws(() => averaging.load(state), { name: "TypeError", message: /average has no values/ });
  const short = { ...state, firstMoment: new Float32Array(64) };
  assert.throws(() => trainer.load(short), {
    name: "TypeError",
    message: /firstMoment has 64 values, expected /,
  });
  averaging.close();
});

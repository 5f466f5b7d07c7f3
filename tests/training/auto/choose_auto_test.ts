import assert from "node:assert/strict";
import { describeAuto } from "../../../src/cli/auto_view.ts";
import { LIGHT } from "../../../src/training/augmentation.ts";
import type { AutoChoice } from "../../../src/training/auto/auto_choice.ts";
import { autoRules, type AutoStart, settleAuto } from "../../../src/training/auto/choose_auto.ts";
import {
  depthFor,
  inputLadder,
  patchesPerEpoch,
  wantInput,
} from "../../../src/training/auto/choose_input.ts";
import type { DatasetProfile } from "../../../src/training/auto/profile.ts";
import { chooseForBudget } from "../../../src/training/budget.ts";
import type { BudgetStep } from "../../../src/training/budget_choice.ts";
import { completeTrainConfig } from "../../../src/training/recipe.ts";
import { stepSecondsBy } from "../../../src/training/step_speed.ts";
import type { TrainConfig } from "../../../src/training/train_config.ts";

/** A device like two CPU cores: 20 ms per step, and 1 us per pixel at 8 filters. */
const SPEED = {
  adapter: "a device",
  seconds: 1.9,
  points: [8, 32].flatMap((filters) =>
    [4096, 65_536].map((pixels) => ({
      filters,
      pixels,
      seconds: 0.02 + pixels * 1e-6 * (filters / 8) ** 1.4,
    }))
  ),
};

const same = (value: number) => ({ low: value, median: value, high: value });

/** Objects of a share of the side of images of a size. */
function objects(share: number, side: number): DatasetProfile["objects"] {
  return {
    count: same(1),
    diameter: same(share * side),
    relative: same(share),
    smallestClass: share,
    deviation: { pixels: 0.3, relative: 0.3 },
  };
}

function sizes(width: number, height: number): DatasetProfile["sizes"] {
  return {
    width: same(width),
    height: same(height),
    different: 1,
    aspect: width / height,
    aspectRange: 1,
    pixels: width * height,
  };
}

/** Slices of 640 px with a tumor of a fifth of their side. */
function profile(more: Partial<DatasetProfile> = {}): DatasetProfile {
  return {
    images: { train: 400, valid: 80, annotated: 400, looked: 100 },
    sizes: sizes(640, 640),
    channels: 1,
    bits: 8,
    intensity: { brightness: 0.25, contrast: 0.15, flat: 0 },
    foreground: { low: 0.005, median: 0.05, high: 0.2 },
    objects: objects(0.2, 640),
    classes: 1,
    mirrored: { horizontal: 1.02, vertical: 0.97 },
    duplicates: { train: 0, shared: 0 },
    ...more,
  };
}

/** What is chosen in so many seconds. */
function choose(
  fingerprint: DatasetProfile,
  seconds: number,
  given: Partial<TrainConfig> = {},
  fits: (step: BudgetStep) => boolean = () => true,
): { config: TrainConfig; auto: AutoChoice } {
  const expected = stepSecondsBy(SPEED);
  const start: AutoStart = { fingerprint, given, typed: Object.keys(given) };
  const choice = chooseForBudget({
    seconds,
    speed: SPEED,
    stepSeconds: ({ filters, size, height = size, batchSize }) =>
      expected(filters, size * height * batchSize),
    images: { train: fingerprint.images.train, valid: Math.max(1, fingerprint.images.valid) },
    patches: (network) => patchesPerEpoch(fingerprint, network),
    given,
    most: completeTrainConfig(),
    sizeStep: 32,
    rules: autoRules(start),
    fits,
    parameters: (filters) => filters ** 2 * 30_000,
  });
  const { config, auto } = settleAuto(start, choice);
  return { config: completeTrainConfig({ recipe: "auto", ...given, ...config, budget: seconds }), auto };
}

const reasonOf = ({ settings }: AutoChoice, name: string) =>
  settings.find(({ setting }) => setting === name)!.reason;

Deno.test("chooseForBudget: with the rules of auto, more time never gives less work, and choices repeat", () => {
  let work = 0;
  for (const seconds of [60, 120, 300, 600, 1800, 7200, 40_000, 1e6]) {
    const { config } = choose(profile(), seconds);
    assert.deepEqual(choose(profile(), seconds).config, config);
    const { filters, size, epochs } = config;
    assert.ok(filters ** 1.4 * size ** 2 >= work, `${seconds} s`);
    work = filters ** 1.4 * size ** 2;
    assert.ok(epochs >= 1 && epochs <= 300);
  }
  assert.equal(choose(profile(), 1e6).config.filters, 32);
});

Deno.test("chooseForBudget: with the rules of auto, small batches are for want of updates only", () => {
  const images = { train: 400, valid: 80, annotated: 400, looked: 200 };
  const fingerprint = profile({ images, objects: objects(0.227, 640) });
  const updatesOf = ({ epochs, batchSize }: TrainConfig) => epochs * Math.ceil(images.train / batchSize);
  const seen = new Set<number>();
  let halved = 0;
  for (let seconds = 60; seconds < 20_000; seconds *= 1.2) {
    const { config } = choose(fingerprint, seconds);
    const { filters, size, batchSize } = config;
    seen.add(batchSize);
    if (batchSize === 32) continue;
    const larger = choose(fingerprint, seconds, { filters, size, batchSize: 2 * batchSize }).config;
    // Batches of 8 and more are also halved for the updates that a network wants.
    if (updatesOf(larger) >= 600) {
      halved++;
      assert.ok(batchSize >= 8 && updatesOf(larger) < (filters / 8) * 800, `${seconds} s`);
    }
  }
  assert.ok([4, 8].every((batch) => seen.has(batch)) && halved > 0, `${[...seen]}, ${halved}`);
});

Deno.test("autoRules: the smaller objects are, the fewer updates a larger input needs", () => {
  const fingerprint = profile({ sizes: sizes(400, 400), objects: objects(0.066, 400) });
  const { wanted: { updates } } = autoRules({ fingerprint, given: {}, typed: [] });
  const at = (size: number, filters = 8, batchSize = 8) => updates({ filters, size, batchSize });
  assert.deepEqual([64, 128, 192, 224, 352, 416].map((size) => at(size)), [150, 150, 150, 300, 300, 800]);
  assert.deepEqual([at(192, 16), at(192, 32)], [1600, 3200]);
  // Of large objects, a batch of 4 is worth half an update, a larger one no more than one.
  assert.deepEqual([4, 32].map((batch) => [at(352, 8, batch), at(416, 8, batch)]), [[300, 1600], [300, 800]]);
});

Deno.test("wantInput: the smaller the objects, the larger the input, up to the images' own size, then patches", () => {
  const side = (share: number, own = 640) =>
    wantInput(profile({ sizes: sizes(own, own), objects: objects(share, own) })).side;
  assert.deepEqual([0.5, 0.3, 0.2, 0.1].map((share) => side(share)), [128, 160, 224, 416]);
  assert.equal(side(0.06, 256), 256);
  assert.equal(side(0.3, 48), 64);
  const huge = profile({ sizes: sizes(4000, 3000), objects: objects(0.01, 3464) });
  const wanted = wantInput(huge);
  assert.equal(wanted.scale, 0.46);
  const { config, auto } = choose(huge, 36_000);
  assert.deepEqual([config.patch, config.size, config.scale, config.fit], [256, 256, 0.46, undefined]);
  assert.match(
    reasonOf(auto, "patch"),
    /1\.0 % of the image's side, 16 px in patches at this scale; .* 512 px would show them with 5 px/,
  );
  assert.equal(config.norm, "none");
  assert.match(reasonOf(auto, "norm"), /contradict each other/);
  assert.equal(choose(huge, 36_000, { norm: "instance" }).config.norm, "instance");
  // Hundreds of patches per image need more than minutes, and whole images small enough for that show nothing.
  const short = choose(huge, 300);
  assert.deepEqual([short.config.patch, short.config.norm], [undefined, "instance"]);
  assert.ok(0.01 * Math.sqrt(short.config.size * (short.config.height ?? short.config.size)) >= 4);
  assert.match(
    reasonOf(short.auto, "size"),
    /too few epochs of patches, which would show more, fit into the budget/,
  );
});

Deno.test("inputLadder: wide images get a wide input, mixed ones are padded, depths divide sizes", () => {
  const wide = choose(profile({ sizes: sizes(2000, 300), objects: objects(0.2, 775) }), 600);
  const { size, height = size } = wide.config;
  assert.ok(size / height > 3 && size % 32 === 0 && height % 32 === 0, `${size} x ${height}`);
  assert.match(reasonOf(wide.auto, "fit"), /6\.7 times as wide as high/);
  const high = choose(profile({ sizes: sizes(300, 2000), objects: objects(0.2, 775) }), 600);
  assert.deepEqual([high.config.size, high.config.height], [height, size]);
  const mixed = choose(profile({ sizes: { ...sizes(600, 300), aspectRange: 4 } }), 600);
  assert.equal(mixed.config.fit, "pad");
  for (const share of [0.01, 0.05, 0.2, 0.6]) {
    for (const shape of [sizes(640, 640), sizes(2000, 300), sizes(40, 40), sizes(5000, 4000)]) {
      const wanted = wantInput(profile({ sizes: shape, objects: objects(share, Math.sqrt(shape.pixels)) }));
      const ladder = inputLadder(wanted, {});
      assert.ok(ladder.length > 3);
      for (const { size, height = size, depth = 5 } of ladder) {
        assert.ok(size % 2 ** depth === 0 && height % 2 ** depth === 0);
      }
    }
  }
  assert.deepEqual([32, 64, 96, 128, 256, 416, 512].map((side) => depthFor(side)), [4, 5, 5, 5, 5, 5, 6]);
});

Deno.test("chooseForBudget: with the rules of auto, skips networks of which no image fits", () => {
  const small = ({ filters }: BudgetStep) => filters < 16;
  assert.equal(choose(profile(), 1e6, {}, small).config.filters, 8);
  const pair = ({ batchSize }: BudgetStep) => batchSize <= 2;
  assert.deepEqual(
    [choose(profile(), 1e6, {}, pair).config].map(({ filters, batchSize }) => [filters, batchSize]),
    [
      [32, 2],
    ],
  );
  // None: the trainer says why.
  assert.ok(choose(profile(), 1e6, {}, () => false).config.filters > 0);
});

Deno.test("settleAuto: what is given is kept, and said to be", () => {
  const given = { filters: 12, size: 96, epochs: 7, augment: null, depth: 5, learningRate: 1e-3 } as const;
  const { config, auto } = choose(profile(), 600, given);
  assert.deepEqual({ ...config, ...given }, { ...config, depth: 5 });
  for (const name of Object.keys(given)) assert.equal(reasonOf(auto, name), "given");
  assert.equal(auto.settings.find(({ setting }) => setting === "batchSize")!.given, undefined);
  const patched = choose(profile(), 600, { patch: 64, size: 64 });
  assert.deepEqual([patched.config.patch, patched.config.size], [64, 64]);
  const start = { fingerprint: profile(), given: { filters: 8 }, typed: [] };
  const choice = chooseForBudgetOf(start);
  assert.match(reasonOf(settleAuto(start, choice).auto, "filters"), /model that the run starts from/);
});

/** A choice of one network, whose numbers do not matter. */
function chooseForBudgetOf(start: AutoStart) {
  return chooseForBudget({
    seconds: 600,
    speed: SPEED,
    stepSeconds: () => 0.1,
    images: { train: 10, valid: 10 },
    given: start.given,
    most: completeTrainConfig(),
    sizeStep: 32,
    rules: autoRules(start),
    fits: () => true,
    parameters: () => 1,
  });
}

Deno.test("settleAuto: flips only where mirrored structures lie where others do", () => {
  const augment = (more: Partial<DatasetProfile>) => choose(profile(more), 600).config.augment!;
  assert.deepEqual(augment({}), LIGHT);
  assert.deepEqual(augment({ mirrored: null }), LIGHT);
  const chest = augment({ mirrored: { horizontal: 0, vertical: 0.27 }, classes: 3 });
  assert.deepEqual([chest.flipHorizontal, chest.flipVertical, chest.rotation], [false, false, 10]);
  const upright = augment({ mirrored: { horizontal: 0.9, vertical: 0.2 } });
  assert.deepEqual([upright.flipHorizontal, upright.flipVertical], [true, false]);
});

Deno.test("settleAuto: few different images are deformed and moved more, with the reason; near-duplicates do not count", () => {
  const chosen = (train: number, duplicates: number) =>
    choose(
      profile({
        images: { train, valid: 2, annotated: train, looked: train },
        duplicates: { train: duplicates, shared: 0 },
      }),
      600,
    );
  for (const [train, duplicates] of [[5, 0], [24, 0], [30, 6]] as const) {
    const { auto, config } = chosen(train, duplicates);
    assert.deepEqual([config.augment!.elastic, config.augment!.rotation], [0.1, 20]);
    assert.match(
      reasonOf(auto, "augment"),
      new RegExp(`elastic .* for ${train - duplicates} different images`),
    );
  }
  const { auto, config } = chosen(30, 5);
  assert.deepEqual(config.augment, LIGHT);
  assert.doesNotMatch(reasonOf(auto, "augment"), /elastic/);
});

Deno.test("settleAuto: datasets of few, deep, empty or many-class images get settings with reasons", () => {
  const one = choose(
    profile({ images: { train: 1, valid: 0, annotated: 1, looked: 1 }, mirrored: null }),
    600,
  );
  assert.equal(one.config.batchSize, 1);
  assert.ok(one.config.epochs > 40 && one.config.warmup <= one.config.epochs / 10);
  assert.match(reasonOf(one.auto, "learningRate"), /gradients of 1 image /);
  const empty = choose(profile({ foreground: null, objects: null, mirrored: null }), 600);
  assert.match(reasonOf(empty.auto, "size"), /^nothing is foreground/);
  assert.match(reasonOf(empty.auto, "loss"), /no foreground/);
  const deep = choose(profile({ bits: 16 }), 600);
  assert.match(reasonOf(deep.auto, "normalize"), / 16 bits per sample/);
  const flat = choose(profile({ intensity: { brightness: 1, contrast: 2, flat: 0.4 } }), 600);
  assert.equal(flat.config.normalize, "imagenet");
  const many = choose(profile({ classes: 14 }), 600);
  assert.match(reasonOf(many.auto, "loss"), /mean over classes/);
  for (const { auto } of [one, empty, deep, flat, many]) {
    assert.ok(auto.settings.every(({ reason }) => reason.length > 4));
  }
});

Deno.test("describeAuto: shows the fingerprint, and a line with flag, value and reason for each choice", () => {
  const text = describeAuto(
    choose(profile({ duplicates: { train: 3, shared: 1 } }), 600, { filters: 8 }).auto,
  );
  assert.match(
    text,
    /^fingerprint {3}400 images to train on, 400 annotated, 100 looked at; 80 .*640 x 640 px\n/,
  );
  assert.match(text, /\n {14}3 training images repeat another one\n/);
  assert.match(text, /\n {14}1 validation image repeats a training image: .*deno task split/);
  assert.match(
    text,
    /\nchosen {8}--budget 1800s: this recipe's default\n {14}--size \d+: objects are as wide as 20 % of the image's side, \d+ px here/,
  );
  assert.match(text, /\n {14}--filters 8: given, not chosen\n/);
  assert.match(text, /\n {14}--augment light: flips/);
  assert.match(text, /\nyours {9}each of these flags overrides its choice\n$/);
});

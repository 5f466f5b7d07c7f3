import assert from "node:assert/strict";
import { chooseForBudget, isSpent, parseBudget, reviseEpochs } from "../../src/training/budget.ts";
import type { BudgetSettings, BudgetTask } from "../../src/training/budget_choice.ts";
import { describeBudget, describeLongRun } from "../../src/cli/budget_view.ts";
import { stepSecondsBy } from "../../src/training/step_speed.ts";

/** A device whose steps take 2 ms, and per pixel as many nanoseconds as the square of the filters. */
const SPEED = {
  adapter: "a device",
  seconds: 1.9,
  points: [8, 32].flatMap((filters) =>
    [4096, 65_536].map((pixels) => ({ filters, pixels, seconds: 0.002 + pixels * filters ** 2 * 1e-9 }))
  ),
};

function task(
  seconds: number,
  given: Partial<BudgetSettings> = {},
  more: Partial<BudgetTask> = {},
): BudgetTask {
  const expected = stepSecondsBy(SPEED);
  return {
    seconds,
    speed: SPEED,
    stepSeconds: ({ filters, size, batchSize }) => expected(filters, size * size * batchSize),
    images: { train: 1502, valid: 429 },
    given,
    most: { filters: 32, size: 256, batchSize: 32, epochs: 40 },
    sizeStep: 32,
    fits: () => true,
    parameters: (filters) => filters * 30_000,
    ...more,
  };
}

const settingsOf = (
  { filters, size, batchSize, epochs }: BudgetSettings,
) => [filters, size, batchSize, epochs];

Deno.test("parseBudget: reads seconds, minutes, hours and their sums, and refuses what is no time", () => {
  const read = ["90s", "30m", "2h", "1h30m", "1.5h", "1d", " 45M "].map(parseBudget);
  assert.deepEqual(read, [90, 1800, 7200, 5400, 5400, 86_400, 2700]);
  for (const text of ["", "30", "m", "m30", "-5m", "30 minutes", "1e3s", "5s", "99d", "0h", "NaNs", "2h30"]) {
    assert.throws(() => parseBudget(text), {
      name: "RangeError",
      message: /expected a time .*90s, 30m or 2h/,
    }, text);
  }
});

Deno.test("chooseForBudget: large images leave less time for training", () => {
  const [small, large] = [1e5, 9e6].map((pixels) => chooseForBudget(task(600, {}, { pixels })));
  assert.deepEqual(small, chooseForBudget(task(600)));
  const work = ({ filters, size }: BudgetSettings) => filters ** 1.4 * size ** 2;
  assert.ok(work(large!) < work(small!), `${settingsOf(small!)} ${settingsOf(large!)}`);
  assert.ok(large!.expectedSeconds > (1502 + 429) * 9e6 * 1e-8 && large!.expectedSeconds < 600);
});

Deno.test("stepSecondsBy: follows measured steps, and a power of the filters between and beyond them", () => {
  const seconds = stepSecondsBy(SPEED);
  for (const [filters, pixels] of [[8, 4096], [32, 65_536], [16, 65_536], [64, 4096], [4, 65_536]] as const) {
    const truth = 0.002 + pixels * filters ** 2 * 1e-9;
    assert.ok(Math.abs(seconds(filters, pixels) / truth - 1) < 0.05, `${filters} filters, ${pixels} pixels`);
  }
  // A single measurement, and one that other load made slower than a larger one.
  assert.ok(stepSecondsBy({ points: [SPEED.points[0]!] })(16, 4096) > SPEED.points[0]!.seconds);
  const odd = stepSecondsBy({
    points: [{ filters: 8, pixels: 100, seconds: 5 }, { filters: 8, pixels: 1000, seconds: 1 }],
  });
  assert.ok(Math.abs(odd(8, 1000) - 1) < 1e-9 && odd(8, 2000) > 1);
});

Deno.test("chooseForBudget: more time never chooses less, and the run fits", () => {
  let work = 0;
  for (const seconds of [60, 120, 300, 900, 1800, 7200, 40_000, 1e6]) {
    const choice = chooseForBudget(task(seconds));
    const { filters, size, batchSize, epochs, secondsPerEpoch, expectedSeconds } = choice;
    assert.ok(filters * size >= work, `${seconds} s`);
    work = filters * size;
    assert.ok(expectedSeconds <= 0.86 * seconds, `${expectedSeconds} of ${seconds} s`);
    assert.ok(epochs >= 1 && epochs * secondsPerEpoch < seconds);
    assert.ok(epochs * Math.ceil(1502 / batchSize) >= 200 || seconds < 120);
  }
  assert.deepEqual(settingsOf(chooseForBudget(task(1e6))), [32, 256, 32, 40]);
});

Deno.test("chooseForBudget: keeps what is given, and chooses the rest around it", () => {
  assert.equal(chooseForBudget(task(600, { filters: 12 })).filters, 12);
  assert.equal(chooseForBudget(task(600, { size: 160 })).size, 160);
  assert.equal(chooseForBudget(task(600, { batchSize: 3 })).batchSize, 3);
  for (const seconds of [100, 300, 1000, 3000]) {
    assert.equal(chooseForBudget(task(seconds, {}, { sizeStep: 128 })).size % 128, 0);
  }
  const few = chooseForBudget(task(1800, { epochs: 2 }));
  const many = chooseForBudget(task(1800, { epochs: 30 }));
  assert.deepEqual([few.epochs, many.epochs], [2, 30]);
  assert.ok(few.filters * few.size > many.filters * many.size);
  const all = { filters: 32, size: 256, batchSize: 32, epochs: 40 };
  const slow = chooseForBudget(task(30, all));
  assert.deepEqual(settingsOf(slow), Object.values(all));
  assert.match(describeBudget(slow), /longer than the budget/);
});

Deno.test("chooseForBudget: few images get small batches and more epochs, a small memory a batch that fits", () => {
  const few = chooseForBudget(task(36_000, {}, { images: { train: 20, valid: 5 } }));
  assert.ok(few.batchSize <= 8 && few.epochs > 40, `${settingsOf(few)}`);
  const fits = ({ batchSize, size }: { batchSize: number; size: number }) => batchSize * size <= 4 * 256;
  const small = chooseForBudget(task(1e6, {}, { fits }));
  assert.deepEqual([small.filters, small.size, small.batchSize], [32, 256, 4]);
});

Deno.test("chooseForBudget: refuses a budget of less than an epoch, and its hint suffices", () => {
  const images = { train: 1e6, valid: 1e5 };
  let hint = "";
  assert.throws(() => chooseForBudget(task(90, {}, { images })), (error: Error) => {
    hint = /hint: --budget (\S+) suffices/.exec(error.message)![1]!;
    return error instanceof RangeError && /Cannot train within 90 s/.test(error.message);
  });
  assert.ok(chooseForBudget(task(parseBudget(hint), {}, { images })).epochs >= 1);
});

Deno.test("reviseEpochs: the measured epoch and the time that is gone decide how many", () => {
  const choice = chooseForBudget(task(1800));
  const revise = (elapsed: number, secondsPerEpoch: number, of = choice) =>
    reviseEpochs(of, { elapsed, secondsPerEpoch, parameters: 0, most: 40 });
  assert.equal(revise(26, 74.85).epochs, 20);
  assert.equal(revise(26, 75).epochs, 19);
  assert.equal(revise(26, 1).epochs, 40);
  assert.equal(revise(1799, 75).epochs, 1);
  assert.equal(revise(26, 75, chooseForBudget(task(1800, { epochs: 7 }))).epochs, 7);
  assert.ok(revise(26, 75).expectedSeconds <= 0.86 * 1800);
});

Deno.test("isSpent: another epoch must fit with what follows the last one", () => {
  assert.equal(isSpent({ seconds: 100 }, 80, 15), false);
  assert.equal(isSpent({ seconds: 100 }, 80, 17), true);
});

Deno.test("describeBudget: says what was chosen, measured and considered, and what the original's settings take", () => {
  const text = describeBudget(chooseForBudget(task(1800, { size: 128 })));
  assert.match(
    text,
    /^budget {8}30 min 00 s: \d+ filters, 128 x 128, batches of \d+, \d+ epochs; about .* here\n/,
  );
  assert.match(text, /\nmeasured {6}8 filters 2.26 ms for 4,096 pixels, .*; 32 filters .*, in 1.9 s\n/);
  assert.match(
    text,
    /\noriginal {6}the original's settings would take \d+ h \d+ min here, for 1,502 images\n/,
  );
  assert.match(text, /\nyours {9}--filters, --batch-size, --epochs override the choice\n$/);
  assert.equal(describeLongRun(179, undefined) + describeLongRun(9999, 1800), "");
  assert.match(describeLongRun(181, undefined), /--budget 30m/);
});

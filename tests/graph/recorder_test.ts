/** Steps recorded over regions, without a GPU. */
import assert from "node:assert/strict";
import { adamStep } from "../../kernels/adam/adam.ts";
import { weightedSum } from "../../kernels/average/average.ts";
import { gemmNnUniform } from "../../kernels/gemm/gemm.ts";
import { maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { Recorder, view } from "../../src/graph/recorder.ts";

const MIB = 2 ** 20;

/** Bytes of a uniform window. */
const WINDOW = 2 ** 16;

Deno.test("Recorder: regions are multiples of 256 bytes, and windowed ones have a window behind them", () => {
  const recorder = new Recorder(MIB);
  assert.equal(recorder.maxBinding, MIB);
  assert.deepEqual(recorder.temporary("t", 65), {
    label: "t",
    precision: "f32",
    byteLength: 512,
    fixed: false,
  });
  assert.deepEqual(recorder.temporary("t", 1, "f16"), {
    label: "t",
    precision: "f16",
    byteLength: 256,
    fixed: false,
  });
  assert.deepEqual(recorder.fixed("f", 64), { label: "f", precision: "f32", byteLength: 256, fixed: true });
  assert.equal(recorder.windowed("w", 64).byteLength, 256 + WINDOW);
  assert.deepEqual(recorder.steps, []);
});

Deno.test("view: covers a region or a range of values, rounded up to vectors of four", () => {
  const recorder = new Recorder(MIB);
  const region = recorder.temporary("t", 200);
  assert.deepEqual(view(region), { region, offset: 0, byteLength: 1024 });
  assert.deepEqual(view(region, 64), { region, offset: 256, byteLength: 768 });
  assert.deepEqual(view(region, 64, 5), { region, offset: 256, byteLength: 32 });
  const half = recorder.temporary("t", 200, "f16");
  assert.deepEqual(view(half, 128, 5), { region: half, offset: 256, byteLength: 16 });
});

Deno.test("Recorder.run: binds by name, in the order of the kernel", () => {
  const recorder = new Recorder(MIB);
  const [value, total] = [recorder.fixed("value", 64), recorder.temporary("total", 64)];
  const dispatch = weightedSum(64, 0, 1);
  recorder.run(dispatch, { total, value: view(value, 0, 64) });
  assert.deepEqual(recorder.steps, [{ dispatch, views: [view(value), view(total)] }]);
  assert.deepEqual(
    dispatch.kernel.bindings.slice(0, -1).map(({ name }) => name),
    ["value", "total"],
    "the last binding is the parameters, which the program provides",
  );
});

Deno.test("Recorder.run: binds a whole window as uniform, but the step's uniform as it is", () => {
  const recorder = new Recorder(MIB);
  const a = recorder.windowed("a", 16 * 16 * 2);
  const [b, c] = [recorder.temporary("b", 16 * 16 * 2), recorder.temporary("c", 16 * 16 * 2)];
  const shape = { rows: 16, columns: 16, depth: 16, layers: 1 };
  recorder.run(gemmNnUniform(shape, 1), { a: view(a, 256, 256), b, c });
  assert.deepEqual(recorder.steps[0]!.views[0], { region: a, offset: 1024, byteLength: WINDOW });
  const [step, ...blocks] = ["step", "weights", "gradient", "first_moment", "second_moment"]
    .map((label) => recorder.fixed(label, 64));
  recorder.run(adamStep(64), {
    weights: blocks[0]!,
    gradient: blocks[1]!,
    first_moment: blocks[2]!,
    second_moment: blocks[3]!,
    gradient_scale: recorder.fixed("scale", 4),
    step: view(step!, 0, 10),
  });
  const bound = recorder.steps[1]!.views.find(({ region }) => region === step)!;
  assert.equal(bound.byteLength, 48);
});

Deno.test("Recorder.run: replaces a kernel by its float16 form if a region is stored so", () => {
  const recorder = new Recorder(MIB, "f16");
  const planes = { height: 2, width: 2, count: 1 };
  const record = (x: "f32" | "f16", y: "f32" | "f16") => {
    recorder.run(maxPoolForward(planes, false), {
      x: recorder.temporary("x", 16, x),
      affine: recorder.nothing,
      y: recorder.temporary("y", 4, y),
    });
    return recorder.steps.at(-1)!.dispatch.kernel;
  };
  const [plain, half] = [record("f32", "f32"), record("f16", "f16")];
  assert.equal(plain, maxPoolForward(planes, false).kernel);
  assert.ok(half.code.startsWith("enable f16;") && half.label === plain.label);
  assert.equal(record("f16", "f16"), half, "each form is one kernel");
  assert.notEqual(record("f16", "f32"), half);
});

Deno.test("Recorder.run: rejects bindings that do not match the kernel, or that WebGPU would refuse", () => {
  const recorder = new Recorder(1024);
  const [value, total] = [recorder.fixed("value", 64), recorder.temporary("total", 64)];
  const run = (count: number, bindings: Parameters<Recorder["run"]>[1]) => () =>
    recorder.run(weightedSum(count, 0, 1), bindings);
  assert.throws(run(64, { value, total, bias: value }), {
    name: "TypeError",
    message: 'Cannot bind "bias": kernel "average/average" has no such binding',
  });
  assert.throws(run(64, { value }), {
    name: "TypeError",
    message: 'Cannot record kernel "average/average": "total" is not bound',
  });
  assert.throws(run(64, { value: total, total }), {
    name: "TypeError",
    message: 'Cannot record kernel "average/average": it would both read and write "total"',
  });
  for (const wrong of [view(value, 1, 4), view(value, 0, 68)]) {
    assert.throws(run(4, { value: wrong, total }), {
      name: "RangeError",
      message:
        /^Cannot bind "value" of kernel "average\/average" to bytes \d+ to \d+ of "value": it has 256 bytes/,
    });
  }
  const large = recorder.fixed("large", 512);
  assert.throws(run(512, { value: large, total: recorder.fixed("other", 512) }), {
    name: "RangeError",
    message:
      /"large" takes 2048 bytes, the device binds at most 1024\nhint: use smaller images or fewer filters$/,
  });
  assert.deepEqual(recorder.steps, [], "what was rejected is not recorded");
});

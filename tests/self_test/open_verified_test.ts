/** Opening a verified GPU: what was tested once is not tested again, and what failed stays out. */
import assert from "node:assert/strict";
import { defaultChoices } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
import { FLOAT16, type Remembered, type VerdictMemory, type Verdicts } from "../../src/self_test/verdicts.ts";
import { countDispatches } from "../support/count_dispatches.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

const CHOICES = { ...SOFTWARE, choices: defaultChoices("hardware") };
const TILED = "tiled: gemm/tiled";

/** A memory that records what is written to it. */
function memoryOf(remembered: Remembered = { verdicts: {} }): VerdictMemory & { written: Verdicts[] } {
  const written: Verdicts[] = [];
  return {
    written,
    read: () => Promise.resolve(remembered),
    write(_, verdicts) {
      written.push(verdicts);
      return Promise.resolve();
    },
  };
}

/** The choices of a GPU opened with a memory, and the dispatches that opening it took. */
async function open(
  memory?: VerdictMemory,
  options: Parameters<typeof openVerifiedGpu>[0] = CHOICES,
): Promise<{ choices: Gpu["choices"]; dispatches: number }> {
  const [gpu, dispatches] = await countDispatches(() => openVerifiedGpu(options, memory));
  gpu.close();
  return { choices: gpu.choices, dispatches };
}

softwareTest(
  "openVerifiedGpu: with the verdicts of a first start, a second one runs no self-test",
  async () => {
    const first = memoryOf();
    const tested = await open(first);
    assert.ok(tested.dispatches > 0);
    assert.equal(first.written.length, 1);
    const verdicts = first.written[0]!;
    assert.equal(verdicts[TILED], true);
    assert.ok(Object.values(verdicts).every((verdict) => verdict));
    const second = memoryOf({ verdicts });
    assert.deepEqual(await open(second), { choices: tested.choices, dispatches: 0 });
    assert.deepEqual(second.written, []);
    // Without any memory it tests, and chooses alike.
    const { choices, dispatches } = await open();
    assert.deepEqual(choices, tested.choices);
    assert.equal(dispatches, tested.dispatches);
    // What is not remembered is tested, and only that.
    const { [TILED]: _, ...others } = verdicts;
    const third = memoryOf({ verdicts: others });
    const again = await open(third);
    assert.ok(again.dispatches > 0 && again.dispatches < tested.dispatches);
    assert.deepEqual(third.written, [{ [TILED]: true }]);
  },
);

softwareTest("openVerifiedGpu: a remembered failure keeps a variant out without a test", async () => {
  const first = memoryOf();
  await open(first);
  await open(first, SOFTWARE);
  const verdicts = Object.assign({}, ...first.written);
  const failed = memoryOf({ verdicts: { ...verdicts, [TILED]: false } });
  const { choices, dispatches } = await open(failed);
  assert.equal(dispatches, 0);
  assert.equal(choices["product/low"], "tiled_32x128");
  assert.notEqual(choices["product/high"], "tiled");
  // Names of no variant, and a verdict of another kernel, change nothing.
  const foreign = memoryOf({ verdicts: { ...verdicts, "tiled": false, "tiled: gemm/nn": false } });
  assert.equal((await open(foreign)).choices["product/high"], "tiled");
});

softwareTest("openVerifiedGpu: a failed self-test is written, a lack of memory is not", async () => {
  const { createBuffer, read } = Gpu.prototype;
  const failing = memoryOf();
  Gpu.prototype.read = async function (...args) {
    return new Float32Array(await read.apply(this, args)).map((value) => value + 1).buffer;
  };
  try {
    const { choices } = await open(failing);
    assert.ok(!choices["product/high"]!.startsWith("tiled"));
    const verdicts = failing.written[0]!;
    assert.equal(verdicts[TILED], false);
    assert.ok(Object.values(verdicts).every((verdict) => !verdict));
  } finally {
    Gpu.prototype.read = read;
  }
  const poor = memoryOf();
  Gpu.prototype.createBuffer = () => Promise.reject(new CapacityError("Cannot allocate"));
  try {
    const { choices } = await open(poor);
    assert.ok(!choices["product/high"]!.startsWith("tiled"));
    assert.deepEqual(poor.written, []);
  } finally {
    Gpu.prototype.createBuffer = createBuffer;
  }
});

softwareTest("openVerifiedGpu: remembered choices apply unless the caller names some", async () => {
  const choices = { "conv3x3/thin": "winograd2" };
  const memory = memoryOf({ verdicts: {}, choices });
  assert.equal((await open(memory, SOFTWARE)).choices["conv3x3/thin"], "winograd2");
  const named = await open(memory, { ...SOFTWARE, choices: { "conv3x3/thin": "winograd4" } });
  assert.equal(named.choices["conv3x3/thin"], "winograd4");
});

softwareTest("openVerifiedGpu: the verdict on float16 is remembered, whichever it is", async () => {
  const adapter = await navigator.gpu.requestAdapter({ forceFallbackAdapter: SOFTWARE.software });
  if (!adapter!.features.has("shader-f16")) return;
  const options = { ...SOFTWARE, precision: "f16" } as const;
  const memory = memoryOf();
  await open(memory, options);
  assert.equal(memory.written[0]![FLOAT16], true);
  assert.equal((await open(memoryOf({ verdicts: memory.written[0]! }), options)).dispatches, 0);
  const refused = memoryOf({ verdicts: { ...memory.written[0], [FLOAT16]: false } });
  await assert.rejects(open(refused, options), /^Error: Cannot store tensors as f16 on ".*": its kernels/);
});

softwareTest("openVerifiedGpu: announces compilations of its user, not those of self-tests", async () => {
  const announced: number[] = [];
  const gpu = await openVerifiedGpu({ ...CHOICES, onCompile: (kernels) => announced.push(kernels) });
  assert.ok(gpu.pipelineCount > 0);
  assert.deepEqual(announced, []);
  const { gemmNn } = await import("../../kernels/gemm/gemm.ts");
  await gpu.compile([gemmNn({ rows: 16, columns: 16, depth: 1, layers: 1 }).kernel]);
  assert.deepEqual(announced, [1]);
  gpu.close();
});

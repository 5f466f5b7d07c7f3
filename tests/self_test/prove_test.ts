/** Proving a plan: everything that it runs is tested, and what fails is replaced. */
import assert from "node:assert/strict";
import { openDevice } from "../../src/gpu/open_device.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { type Proof, provePlan } from "../../src/self_test/prove.ts";
import type { VerdictMemory, Verdicts } from "../../src/self_test/verdicts.ts";
import { countDispatches } from "../support/count_dispatches.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

/** Which kernels a plan of matrix products would run, by the choice for them, and a pooling. */
const kernelsOf = (choices: Gpu["choices"]) => [
  choices["product/low"] === "nn_subgroup" ? "gemm/nn_wide" : `gemm/${choices["product/low"]}`,
  "max_pool2d/forward",
];

function memoryOf(verdicts: Verdicts = {}): VerdictMemory & { kept: Verdicts } {
  return {
    kept: verdicts,
    read() {
      return Promise.resolve({ verdicts: this.kept });
    },
    write(_, more) {
      this.kept = { ...this.kept, ...more };
      return Promise.resolve();
    },
  };
}

/** Proves on a device whose kernels of some labels have another text. */
async function prove(
  alter: Readonly<Record<string, (code: string) => string>>,
  memory?: VerdictMemory,
): Promise<{ proof: Proof; choice: string | undefined; dispatches: number }> {
  const gpu = await openDevice(SOFTWARE);
  const { device } = gpu;
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = ({ label = "", code, ...rest }) =>
    create({ label, code: alter[label]?.(code) ?? code, ...rest });
  try {
    const [proof, dispatches] = await countDispatches(() => provePlan(gpu, kernelsOf, { memory }));
    return { proof, choice: gpu.choices["product/low"], dispatches };
  } finally {
    gpu.close();
  }
}

const wrong = (code: string) =>
  code.replace(/(c\[start\] = .*)(tile\[0\])/g, (_, head, value) => `${head}2.0 * ${value}`);
const broken = (code: string) => `${code} this is no WGSL`;

softwareTest(
  "provePlan: tests what the plan runs, basic variants too, and a second start tests nothing",
  async () => {
    const memory = memoryOf();
    const first = await prove({}, memory);
    assert.deepEqual(first.proof.refused, []);
    assert.deepEqual(
      first.proof.verdicts.map(({ kernel }) => kernel).sort(),
      Object.values(kernelsOf({
        "product/low": first.choice!,
      })).sort(),
    );
    assert.ok(
      first.dispatches > 0 &&
        first.proof.verdicts.every(({ passed, worstError }) => passed && worstError! >= 0),
    );
    const second = await prove({}, memory);
    assert.deepEqual([second.dispatches, second.choice], [0, first.choice]);
    assert.ok(second.proof.verdicts.every(({ remembered }) => remembered));
  },
);

softwareTest("provePlan: a wrong variant, and one that does not compile, give way to the next", async () => {
  const { proof, choice } = await prove({ "gemm/nn_wide": broken, "gemm/nn_uniform": wrong });
  assert.equal(choice, "nn");
  const reasons = Object.fromEntries(proof.refused.map(({ kernel, reason }) => [kernel, reason]));
  assert.match(reasons["gemm/nn_uniform"]!, /^an error of [\d.]+, at most/);
  if ("gemm/nn_wide" in reasons) {
    assert.match(reasons["gemm/nn_wide"]!, /Cannot compile kernel "gemm\/nn_wide"/);
  }
});

softwareTest(
  "provePlan: a kernel without an alternative stops, and so do variants that all fail",
  async () => {
    const pooling = (code: string) => code.replaceAll("max(", "min(");
    await assert.rejects(
      prove({ "max_pool2d/forward": pooling }),
      /kernel "max_pool2d\/forward" fails.*\nhint: update/s,
    );
    const all = Object.fromEntries(
      ["nn_wide", "nn_high", "nn_panel", "nn_uniform", "nn", "tiled"].map((name) => [`gemm/${name}`, broken]),
    );
    await assert.rejects(prove(all), /Cannot compute on ".*\nhint: update the graphics driver/s);
  },
);

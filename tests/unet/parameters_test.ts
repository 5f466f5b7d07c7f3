/** From state dicts to the flat block and back, and what is rejected. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../src/unet/config.ts";
import {
  blockToState,
  initialBlock,
  initialValues,
  parameterTable,
  placeState,
} from "../../src/unet/parameters.ts";

const table = parameterTable({ ...DEFAULT_CONFIG, filters: 1 });
const block = initialBlock(table, 3);

Deno.test("initialValues: He's keep the variance of what passes a layer, from the same draws", () => {
  const withNorms = parameterTable({ ...DEFAULT_CONFIG, filters: 1, norm: "instance" });
  const draw = (how?: "he") => Array.from(initialValues(withNorms, 3, how), ({ data }) => data.slice());
  const [plain, he] = [draw(), draw("he")];
  for (const [index, { name }] of withNorms.list.entries()) {
    const isKept = /norm|^outc/.test(name);
    const gain = isKept ? 1 : name.endsWith(".bias") ? 0 : Math.sqrt(6);
    plain[index]!.forEach((value, at) => {
      const [found, wanted] = [he[index]![at]!, gain * value];
      assert.ok(Math.abs(found - wanted) <= 1e-6 * Math.abs(wanted), `${name}[${at}]: ${found}, ${wanted}`);
    });
  }
  // Uniform within sqrt(6 / fan_in) has the variance 2 / fan_in.
  const weights = he[withNorms.list.findIndex(({ name }) => name === "bottleneck.conv2.weight")]!;
  const variance = weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length;
  assert.ok(Math.abs(variance * 32 * 9 / 2 - 1) < 0.05, `${variance}`);
});

Deno.test("placeState: returns the block that the state was taken from", () => {
  const back = new Float32Array(table.blockSize);
  for (const { offset, data } of placeState(table, blockToState(table, block))) back.set(data, offset);
  assert.deepEqual(back, block);
});

Deno.test("placeState: names the tensor and the index of a value that is not finite", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const state = blockToState(table, block.slice());
    state.get("up2.conv1.bias")!.data[3] = bad;
    assert.throws(() => placeState(table, state), {
      name: "RangeError",
      message: `Cannot load the state dict: up2.conv1.bias holds ${bad} at index 3`,
    });
  }
});

Deno.test("placeState: names tensors that are missing, unexpected or misshapen", () => {
  const state = blockToState(table, block);
  state.set("extra", state.get("outc.bias")!);
  state.delete("outc.bias");
  state.set("outc.weight", { shape: [1], data: new Float32Array(1) });
  assert.throws(
    () => placeState(table, state),
    /^TypeError: .*missing: outc\.bias; unexpected: extra; misshapen: outc\.weight is \[1\], the network's is \[1, 1, 1, 1\]\nhint: /,
  );
});

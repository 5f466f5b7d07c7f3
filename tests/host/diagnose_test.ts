import assert from "node:assert/strict";
import { type AdapterReport, ailmentsOf, diagnose, type FeatureTest } from "../../src/host/diagnose.ts";
import { COMPUTE_PROBE, F16_PROBE, PROBE_LENGTH, SUBGROUPS_PROBE } from "../../kernels/probe/probe.ts";
import "../support/vulkan_only.ts";

const works = (name: string): FeatureTest => ({ name, listed: true, works: true, detail: "" });
const HEALTHY: AdapterReport = {
  description: "llvmpipe (LLVM 19.1.7, 256 bits)",
  vendor: "Mesa",
  backend: "Vulkan",
  driver: "Mesa 25.0.7",
  isSoftware: true,
  limits: {},
  features: [],
  tested: [works("compute")],
};

Deno.test("diagnose: this machine's adapter computes, and says why a feature does not work", async () => {
  const { adapter, ailments } = await diagnose();
  assert.ok(adapter !== null, "no adapter: run sh tasks/run.sh --driver as root");
  assert.deepEqual(ailments.filter(({ kind }) => kind === "fatal"), []);
  assert.notEqual(adapter.description, "");
  assert.deepEqual(adapter.tested.map(({ name }) => name), [
    "compute",
    "timestamp-query",
    "shader-f16",
    "subgroups",
  ]);
  assert.equal(adapter.tested[0]!.works, true);
  for (const { listed, works, name, detail } of adapter.tested) {
    assert.ok(works || !listed, `${name} is listed but does not work: ${detail}`);
    assert.ok(works || detail !== "", `${name} does not work, and nothing says why`);
  }
  assert.ok(adapter.limits.maxStorageBufferBindingSize! >= 2 ** 27);
});

Deno.test("ailmentsOf: a healthy adapter has none, and an old Mesa does not matter to hardware", () => {
  assert.deepEqual(ailmentsOf(HEALTHY, "25.0.7-2"), []);
  assert.deepEqual(ailmentsOf(HEALTHY, null), []);
  assert.deepEqual(ailmentsOf({ ...HEALTHY, isSoftware: false }, "22.3.6"), []);
});

Deno.test("ailmentsOf: a slow Mesa and a missing Vulkan driver come with the command that fixes them", () => {
  const command = "sh tasks/run.sh --driver";
  const old = ailmentsOf(HEALTHY, "22.3.6-1+deb12u1");
  assert.deepEqual(old.map(({ kind, command }) => [kind, command]), [["slow", command]]);
  assert.match(old[0]!.message, /Mesa 22\.3\.6-1\+deb12u1 is old/);
  const stand = ailmentsOf({ ...HEALTHY, backend: "OpenGL" }, "25.0.7");
  assert.deepEqual(stand.map(({ kind, command }) => [kind, command]), [["slow", command]]);
});

Deno.test("ailmentsOf: an adapter that does not compute is fatal", () => {
  const tested = [{ name: "compute", listed: true, works: false, detail: "its kernel gave wrong values" }];
  const [ailment, ...rest] = ailmentsOf({ ...HEALTHY, tested }, null);
  assert.deepEqual(rest, []);
  assert.equal(ailment!.kind, "fatal");
  assert.match(ailment!.message, /does not compute: its kernel gave wrong values/);
});

Deno.test("Probe.passes: rejects the zeros that an adapter leaves that does nothing", () => {
  for (const { passes, label } of [COMPUTE_PROBE, F16_PROBE, SUBGROUPS_PROBE]) {
    assert.equal(passes(new Float32Array(PROBE_LENGTH)), false, label);
  }
  assert.equal(COMPUTE_PROBE.passes(Float32Array.from({ length: PROBE_LENGTH }, (_, i) => i + 0.5)), true);
  assert.equal(SUBGROUPS_PROBE.passes(new Float32Array(PROBE_LENGTH).fill(32)), true);
  assert.equal(SUBGROUPS_PROBE.passes(new Float32Array(PROBE_LENGTH).fill(8).fill(0, 60)), false);
});

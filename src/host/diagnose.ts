/**
 * Describes this machine's adapter: what it can do is found out by running kernels, not taken from its lists.
 *
 * @module
 */
import type { Kernel } from "../../kernels/kernel.ts";
import {
  COMPUTE_PROBE,
  F16_PROBE,
  type Probe,
  PROBE_LENGTH,
  SUBGROUPS_PROBE,
} from "../../kernels/probe/probe.ts";
import { isSoftware } from "../gpu/adapter.ts";
import { Gpu } from "../gpu/gpu.ts";
import { Timestamps } from "../gpu/timestamps.ts";
import { type Backend, backendOf, isOldMesa, readMesaVersion, vendorName } from "./driver.ts";

/** A feature, and whether a kernel that uses it gave the correct result. */
export interface FeatureTest {
  /** Its name in WebGPU; `compute` stands for computing at all. */
  readonly name: string;
  /** Whether the adapter lists it. */
  readonly listed: boolean;
  /** Whether its kernel ran and gave the correct result. */
  readonly works: boolean;
  /** The size of a subgroup, or why the feature does not work; empty if there is nothing to say. */
  readonly detail: string;
}

/** A problem of this machine, and how to fix it. */
export interface Ailment {
  /** `fatal` if nothing can run, `slow` if everything runs slowly. */
  readonly kind: "fatal" | "slow";
  /** The problem. */
  readonly message: string;
  /** The command that fixes it, run as root; null if none does. */
  readonly command: string | null;
}

/** Everything that is known about an adapter. */
export interface AdapterReport {
  /** Name of the device. */
  readonly description: string;
  /** Name of the vendor, or its number. */
  readonly vendor: string;
  /** The graphics interface below WebGPU. */
  readonly backend: Backend;
  /** The driver and its version, as far as the system tells. */
  readonly driver: string;
  /** Whether it is a software implementation. */
  readonly isSoftware: boolean;
  /** The limits that matter to kernels. */
  readonly limits: Readonly<Record<string, number>>;
  /** The features that it lists. */
  readonly features: readonly string[];
  /** The features that matter to kernels, tried. */
  readonly tested: readonly FeatureTest[];
}

/** What {@linkcode diagnose} found. */
export interface Diagnosis {
  /** The adapter, or null if there is none. */
  readonly adapter: AdapterReport | null;
  /** The problems; empty on a healthy machine. */
  readonly ailments: readonly Ailment[];
}

const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Installs or updates the Vulkan driver, as root. */
const DRIVER_COMMAND = "sh tasks/run.sh --driver";

type Feature = "compute" | "timestamp-query" | "shader-f16" | "subgroups";

const PROBES: Record<Feature, Probe> = {
  "compute": COMPUTE_PROBE,
  "timestamp-query": COMPUTE_PROBE,
  "shader-f16": F16_PROBE,
  "subgroups": SUBGROUPS_PROBE,
};

/** Examines the adapter that `openGpu` would open and tries its features; problems are reported, not thrown. */
export async function diagnose(options: { software?: boolean } = {}): Promise<Diagnosis> {
  const request: GPURequestAdapterOptions = options.software
    ? { forceFallbackAdapter: true }
    : { powerPreference: "high-performance" };
  const adapter = await navigator.gpu?.requestAdapter(request);
  if (!adapter) {
    const message =
      "this machine offers no WebGPU adapter: it has neither a GPU driver nor Mesa's software driver";
    return { adapter: null, ailments: [{ kind: "fatal", message, command: fixFor(Deno.build.os) }] };
  }
  const features = [...adapter.features].sort();
  const backend = backendOf(adapter.features, Deno.build.os);
  const tested: FeatureTest[] = [];
  for (const feature of Object.keys(PROBES) as Feature[]) tested.push(await tryFeature(feature, request));
  const mesa = Deno.build.os === "linux" ? readMesaVersion() : null;
  const report: AdapterReport = {
    description: adapter.info.description,
    vendor: vendorName(adapter.info.vendor),
    backend,
    driver: driverOf(adapter, mesa),
    isSoftware: isSoftware(adapter),
    limits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    features,
    tested,
  };
  return { adapter: report, ailments: ailmentsOf(report, mesa) };
}

/** The problems of an adapter, given the version of Mesa that is installed, if any. */
export function ailmentsOf(report: AdapterReport, mesa: string | null): Ailment[] {
  const found: Ailment[] = [];
  const compute = report.tested.find(({ name }) => name === "compute");
  if (compute?.works === false) {
    found.push({ kind: "fatal", message: `the adapter does not compute: ${compute.detail}`, command: null });
  }
  if (report.backend === "OpenGL") {
    const message = "there is no Vulkan driver: the adapter is an OpenGL one, which supports less";
    found.push({ kind: "slow", message, command: DRIVER_COMMAND });
  }
  if (report.isSoftware && mesa !== null && isOldMesa(mesa)) {
    const message = `Mesa ${mesa} is old: its software adapter takes about 7 times as long as Mesa 25's`;
    found.push({ kind: "slow", message, command: DRIVER_COMMAND });
  }
  return found;
}

function fixFor(os: typeof Deno.build.os): string | null {
  return os === "linux" ? DRIVER_COMMAND : null;
}

function driverOf(adapter: GPUAdapter, mesa: string | null): string {
  const isMesa = vendorName(adapter.info.vendor) === "Mesa" ||
    /llvmpipe|mesa|radv/i.test(adapter.info.description);
  if (isMesa) return mesa === null ? "Mesa, version unknown" : `Mesa ${mesa}`;
  return "unknown";
}

/** Runs the probe of a feature on a device of its own: a device has only the features that it was created with. */
async function tryFeature(feature: Feature, request: GPURequestAdapterOptions): Promise<FeatureTest> {
  const adapter = await navigator.gpu.requestAdapter(request);
  // An adapter may grant what it does not list: only asking tells.
  const listed = feature === "compute" || adapter?.features.has(feature) === true;
  try {
    const gpu = await openWith(adapter, feature);
    if (gpu === null) return { name: feature, listed, works: false, detail: "not offered" };
    try {
      return { name: feature, listed, works: true, detail: await runProbe(gpu, feature) };
    } finally {
      gpu.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name: feature, listed, works: false, detail: why.trim().split("\n")[0]! };
  }
}

async function openWith(adapter: GPUAdapter | null, feature: Feature): Promise<Gpu | null> {
  if (adapter === null) return null;
  try {
    const requiredFeatures = feature === "compute" ? [] : [feature];
    return new Gpu(adapter, await adapter.requestDevice({ requiredFeatures }));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Runs a feature's probe; returns what is worth saying, or throws what is wrong. */
async function runProbe(gpu: Gpu, feature: Feature): Promise<string> {
  const { label, code, passes } = PROBES[feature];
  const kernel: Kernel = { label, code, bindings: [{ name: "out", access: "read_write" }] };
  await gpu.compile([kernel]);
  const pipeline = gpu.pipeline(kernel);
  const out = await gpu.createBuffer("probe", 4 * PROBE_LENGTH);
  const group = gpu.bind(kernel, pipeline, [{ buffer: out }]);
  const clock = feature === "timestamp-query" ? await Timestamps.create(gpu, 1) : null;
  gpu.run(
    (pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
    },
    undefined,
    clock?.writes(0),
  );
  const written = new Float32Array(await gpu.read(out, 0, 4 * PROBE_LENGTH));
  if (!passes(written)) {
    throw new Error(`its kernel gave wrong values: ${written.slice(0, 4).join(", ")} ...`);
  }
  for (const { begin, end } of await clock?.read() ?? []) {
    if (begin === 0n || end < begin) throw new Error(`its clock ran from ${begin} to ${end}`);
  }
  return feature === "subgroups" ? `${written[0]} lanes` : "";
}

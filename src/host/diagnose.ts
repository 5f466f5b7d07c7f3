/**
 * What this machine's adapter is and does: found out by running kernels, not by believing its lists.
 *
 * @module
 */
import {
  COMPUTE_PROBE,
  F16_PROBE,
  type Probe,
  PROBE_LENGTH,
  SUBGROUPS_PROBE,
} from "../../kernels/probe/probe.ts";
import { type Backend, backendOf, isOldMesa, readMesaVersion, vendorName } from "./driver.ts";
import { isSoftware } from "../gpu/adapter.ts";

/** A feature, and whether a kernel that uses it gave the right result. */
export interface FeatureTest {
  /** WebGPU's name of it; `compute` is computing at all. */
  readonly name: string;
  /** Does the adapter list it? */
  readonly listed: boolean;
  /** Did its kernel run and give the right result? */
  readonly works: boolean;
  /** What was seen: the size of a subgroup, or why it does not work; empty where there is nothing to say. */
  readonly detail: string;
}

/** Something that is wrong with this machine, and how to mend it. */
export interface Ailment {
  /** Whether nothing can run, or only slowly. */
  readonly kind: "fatal" | "slow";
  /** What is wrong. */
  readonly message: string;
  /** What to type against it, as root; null where no command helps. */
  readonly command: string | null;
}

/** All that is known of an adapter. */
export interface AdapterReport {
  /** Name of the device. */
  readonly description: string;
  /** Name of the vendor, or its number. */
  readonly vendor: string;
  /** The interface under WebGPU. */
  readonly backend: Backend;
  /** The driver and its version, as far as they can be told. */
  readonly driver: string;
  /** Is it a software implementation? */
  readonly isSoftware: boolean;
  /** The limits that matter to kernels, and their values. */
  readonly limits: Readonly<Record<string, number>>;
  /** The features that it lists. */
  readonly features: readonly string[];
  /** The features that matter to kernels, tried. */
  readonly tested: readonly FeatureTest[];
}

/** What {@linkcode diagnose} found. */
export interface Diagnosis {
  /** The adapter, or null where there is none. */
  readonly adapter: AdapterReport | null;
  /** What is wrong; empty on a healthy machine. */
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

/** What installs or renews the Vulkan driver, as root. */
const DRIVER_COMMAND = "sh tasks/run.sh --driver";

type Feature = "compute" | "timestamp-query" | "shader-f16" | "subgroups";

const PROBES: Record<Feature, Probe> = {
  "compute": COMPUTE_PROBE,
  "timestamp-query": COMPUTE_PROBE,
  "shader-f16": F16_PROBE,
  "subgroups": SUBGROUPS_PROBE,
};

/** Looks at the adapter that {@linkcode openGpu} would open, and tries its features; never throws for what it finds. */
export async function diagnose(options: { software?: boolean } = {}): Promise<Diagnosis> {
  const request: GPURequestAdapterOptions = options.software
    ? { forceFallbackAdapter: true }
    : { powerPreference: "high-performance" };
  const adapter = await navigator.gpu?.requestAdapter(request);
  if (!adapter) {
    const message = "this machine offers no WebGPU adapter: there is no GPU driver, nor Mesa's software one";
    return { adapter: null, ailments: [{ kind: "fatal", message, command: mend(Deno.build.os) }] };
  }
  const features = [...adapter.features].sort();
  const backend = backendOf(adapter.features, Deno.build.os);
  const tested: FeatureTest[] = [];
  for (const feature of Object.keys(PROBES) as Feature[]) tested.push(await tryFeature(feature, request));
  const mesa = Deno.build.os === "linux" ? await readMesaVersion() : null;
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

/** What is wrong with an adapter, given the version of Mesa that is installed, if any. */
export function ailmentsOf(report: AdapterReport, mesa: string | null): Ailment[] {
  const found: Ailment[] = [];
  const compute = report.tested.find(({ name }) => name === "compute");
  if (compute?.works === false) {
    found.push({ kind: "fatal", message: `the adapter does not compute: ${compute.detail}`, command: null });
  }
  if (report.backend === "OpenGL") {
    const message = "there is no Vulkan driver: the adapter is an OpenGL one, which does less";
    found.push({ kind: "slow", message, command: DRIVER_COMMAND });
  }
  if (report.isSoftware && mesa !== null && isOldMesa(mesa)) {
    const message = `Mesa ${mesa} is old: its software adapter takes about 7 times as long as Mesa 25's`;
    found.push({ kind: "slow", message, command: DRIVER_COMMAND });
  }
  return found;
}

function mend(os: typeof Deno.build.os): string | null {
  return os === "linux" ? DRIVER_COMMAND : null;
}

function driverOf(adapter: GPUAdapter, mesa: string | null): string {
  const isMesa = vendorName(adapter.info.vendor) === "Mesa" ||
    /llvmpipe|mesa|radv/i.test(adapter.info.description);
  if (isMesa) return mesa === null ? "Mesa, version unknown" : `Mesa ${mesa}`;
  return "unknown";
}

/** Runs the probe of a feature on a device of its own, since a device gets features only when it is made. */
async function tryFeature(feature: Feature, request: GPURequestAdapterOptions): Promise<FeatureTest> {
  const adapter = await navigator.gpu.requestAdapter(request);
  // An adapter may grant what it does not list, so that only asking tells.
  const listed = feature === "compute" || adapter?.features.has(feature) === true;
  try {
    const device = await openDevice(adapter, feature);
    if (device === null) return { name: feature, listed, works: false, detail: "not offered" };
    try {
      return { name: feature, listed, works: true, detail: await runProbe(device, PROBES[feature], feature) };
    } finally {
      device.destroy();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name: feature, listed, works: false, detail: why.trim().split("\n")[0]! };
  }
}

async function openDevice(adapter: GPUAdapter | null, feature: Feature): Promise<GPUDevice | null> {
  try {
    return await adapter?.requestDevice({ requiredFeatures: feature === "compute" ? [] : [feature] }) ?? null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Runs a probe; returns what is worth saying, or throws what is wrong. */
async function runProbe(device: GPUDevice, probe: Probe, feature: Feature): Promise<string> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: probe.label, code: probe.code });
  const pipeline = device.createComputePipeline({
    label: probe.label,
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const output = buffer(device, 4 * PROBE_LENGTH, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: output } }],
  });
  const clock = feature === "timestamp-query" ? device.createQuerySet({ type: "timestamp", count: 2 }) : null;
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(
    clock === null
      ? {}
      : { timestampWrites: { querySet: clock, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } },
  );
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.end();
  const times = clock === null ? null : resolve(device, encoder, clock);
  const values = readBack(device, encoder, output);
  const stamps = times === null ? null : readBack(device, encoder, times);
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error) throw new Error(error.message);
  const written = new Float32Array(await bytes(values));
  if (!probe.passes(written)) {
    throw new Error(`its kernel gave wrong values: ${written.slice(0, 4).join(", ")} ...`);
  }
  if (stamps !== null) {
    const [start, end] = new BigUint64Array(await bytes(stamps));
    if (start === 0n || end! < start!) throw new Error(`its clock ran from ${start} to ${end}`);
  }
  return feature === "subgroups" ? `${written[0]} lanes` : "";
}

function buffer(device: GPUDevice, size: number, usage: number): GPUBuffer {
  return device.createBuffer({ label: "probe", size, usage });
}

function resolve(device: GPUDevice, encoder: GPUCommandEncoder, clock: GPUQuerySet): GPUBuffer {
  const times = buffer(device, 16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  encoder.resolveQuerySet(clock, 0, 2, times, 0);
  return times;
}

function readBack(device: GPUDevice, encoder: GPUCommandEncoder, source: GPUBuffer): GPUBuffer {
  const staging = buffer(device, source.size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  return staging;
}

async function bytes(staging: GPUBuffer): Promise<ArrayBuffer> {
  await staging.mapAsync(GPUMapMode.READ);
  return staging.getMappedRange().slice(0);
}

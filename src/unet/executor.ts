/**
 * Plans on a device: buffers for their regions, programs for their steps, made once and kept.
 *
 * @module
 */
import { adapterKind, type Gpu, type GpuDescription } from "../gpu/gpu.ts";
import { Program } from "../gpu/program.ts";
import type { PlanTarget } from "./builder.ts";
import type { UNetConfig } from "./config.ts";
import { type Plan, type PlanRegions, type PlanSpec, recordPlan } from "./plan.ts";
import type { Region } from "./recorder.ts";

/**
 * Bytes of a transformed tensor that the caches of a processor hold, and what a hardware GPU is better off with: half
 * of that where tensors are stored in half the bytes, of which it would be a large share.
 */
const WORKSPACE = { software: 24 * 2 ** 20, hardware: { f32: 128 * 2 ** 20, f16: 64 * 2 ** 20 } };

/** Workgroups that keep a device busy: a few for each core of a processor, or of a large GPU. */
const WORKGROUPS = { software: 4, hardware: 1024 };

/** Buffers that outlive plans, by the name of the region that they stand for. */
export type SharedBuffers = Partial<Record<keyof PlanRegions, GPUBuffer>>;

/** A plan that can run. */
export interface ReadyPlan {
  /** What was recorded. */
  readonly plan: Plan;
  /** Its steps with bind groups. */
  readonly program: Program;
  /** Receives pictures, NCHW. */
  readonly pictures: GPUBuffer;
  /** Receives masks, NCHW. */
  readonly masks: GPUBuffer;
  /** Holds logits after a run. */
  readonly logits: GPUBuffer;
  /** The loss's partial sums; of a part, its batch's, which all parts of such a batch share. */
  readonly lossPartials: GPUBuffer;
  /** The loss's sums, likewise. */
  readonly batchSums: GPUBuffer;
}

/** The facts of a device that plans depend on. */
export function planTarget(gpu: GpuDescription): PlanTarget {
  const kind = adapterKind(gpu.adapter);
  const { precision = "f32" } = gpu;
  return {
    maxBinding: gpu.limits.maxStorageBufferBindingSize,
    workspace: kind === "software" ? WORKSPACE.software : WORKSPACE.hardware[precision],
    workgroups: WORKGROUPS[kind],
    choices: gpu.choices,
    strict: gpu.kernels === "strict",
    precision,
  };
}

/** Makes plans ready and keeps them; their slots are shared, since plans run one after the other. */
export class Executor {
  readonly #gpu: Gpu;
  readonly #config: UNetConfig;
  readonly #shared: SharedBuffers;
  readonly #ready = new Map<string, Promise<ReadyPlan>>();
  readonly #pool: GPUBuffer[] = [];
  readonly #own: GPUBuffer[] = [];
  /** What the parts of a batch share, by name and size. */
  readonly #ofBatch = new Map<string, GPUBuffer>();

  /** Buffers in `shared` stand for the regions of their names in every plan. */
  constructor(gpu: Gpu, config: UNetConfig, shared: SharedBuffers) {
    this.#gpu = gpu;
    this.#config = config;
    this.#shared = shared;
  }

  /**
   * The ready plan for a batch; made at its first use.
   *
   * @throws {CapacityError} where it does not fit the device; what was allocated for it stays until
   * {@linkcode Executor.clear}.
   */
  prepare(spec: PlanSpec): Promise<ReadyPlan> {
    const { kind, batch, height, width, partOf, recompute } = spec;
    const key = `${kind} ${batch} ${height} ${width} ${partOf} ${recompute?.levels} ${recompute?.atOnce}`;
    let ready = this.#ready.get(key);
    if (ready === undefined) {
      ready = this.#make(spec);
      ready.catch(() => this.#ready.delete(key));
      this.#ready.set(key, ready);
    }
    return ready;
  }

  /** Frees all plans and their memory: what comes next begins with an empty device. */
  clear(): void {
    this.destroy();
    this.#pool.length = 0;
    this.#own.length = 0;
    this.#ofBatch.clear();
    this.#ready.clear();
  }

  /** Bytes of all buffers that plans use. */
  get byteLength(): number {
    return [...this.#pool, ...this.#own].reduce((sum, { size }) => sum + size, 0);
  }

  /** Frees everything but the shared buffers. */
  destroy(): void {
    for (const buffer of [...this.#pool, ...this.#own]) buffer.destroy();
    for (const ready of this.#ready.values()) ready.then(({ program }) => program.destroy(), () => {});
  }

  async #make(spec: PlanSpec): Promise<ReadyPlan> {
    const plan = recordPlan(this.#config, planTarget(this.#gpu), spec);
    const slots = await this.#takeSlots(plan.memory.slots);
    const buffers: GPUBuffer[] = [...slots];
    const indices = new Map<Region, number>(plan.memory.slotOf);
    const own = async (name: keyof PlanRegions) => {
      const { label, byteLength } = plan.regions[name];
      const buffer = await this.#gpu.createBuffer(label, byteLength, GPUBufferUsage.UNIFORM);
      this.#own.push(buffer);
      return buffer;
    };
    const ofBatch = async (name: keyof PlanRegions) => {
      const key = `${name} ${plan.regions[name].byteLength}`;
      let buffer = this.#ofBatch.get(key);
      if (!buffer) this.#ofBatch.set(key, buffer = await own(name));
      return buffer;
    };
    const places = {} as Record<keyof PlanRegions, GPUBuffer>;
    for (const name of Object.keys(plan.regions) as (keyof PlanRegions)[]) {
      const region = plan.regions[name];
      if (!region.fixed) {
        places[name] = slots[plan.memory.slotOf.get(region)!]!;
        continue;
      }
      const shared = name === "lossPartials" || name === "batchSums";
      // The total of a batch in parts is its owner's: these two it needs even where no step here does.
      if (!shared && !plan.steps.some(({ views }) => views.some((view) => view.region === region))) continue;
      places[name] = this.#shared[name] ?? await (shared ? ofBatch : own)(name);
      indices.set(region, buffers.push(places[name]) - 1);
    }
    const steps = plan.steps.map(({ dispatch, views }) => ({
      dispatch,
      views: views.map(({ region, offset, byteLength }) => ({
        buffer: indices.get(region)!,
        offset,
        byteLength,
      })),
    }));
    const program = await Program.create(this.#gpu, steps, buffers);
    const { pictures, masks, logits, lossPartials, batchSums } = places;
    return { plan, program, pictures, masks, logits, lossPartials, batchSums };
  }

  /** The smallest buffers of the pool that fit, and new ones for the rest. */
  async #takeSlots(sizes: readonly number[]): Promise<GPUBuffer[]> {
    const free = [...this.#pool].sort((a, b) => a.size - b.size);
    const taken: GPUBuffer[] = [];
    for (const size of sizes) {
      const fitting = free.findIndex((buffer) => buffer.size >= size);
      if (fitting >= 0) taken.push(...free.splice(fitting, 1));
      else {
        const buffer = await this.#gpu.createBuffer(
          `slot ${this.#pool.length}`,
          size,
          GPUBufferUsage.UNIFORM,
        );
        this.#pool.push(buffer);
        taken.push(buffer);
      }
    }
    return taken;
  }
}

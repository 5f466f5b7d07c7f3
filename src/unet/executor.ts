/**
 * Plans on a device: buffers for their regions, programs for their steps, made once and kept.
 *
 * @module
 */
import { adapterKind, type Gpu, type GpuDescription } from "../gpu/gpu.ts";
import { Program } from "../graph/program.ts";
import { bindSteps } from "../graph/binding.ts";
import type { PlanTarget } from "../layers/builder.ts";
import type { UNetConfig } from "./config.ts";
import { placeAmong, type Plan, type PlanRegions, type PlanSpec, recordPlan } from "./network_plan.ts";
import type { Region } from "../graph/recorder.ts";
import { TurnBuffers } from "../graph/buffer_pool.ts";

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
  /** Receives images, NCHW; what it held when another plan ran may be gone. */
  readonly images: GPUBuffer;
  /** Receives masks, NCHW, likewise. */
  readonly masks: GPUBuffer;
  /** Holds logits after a run. */
  readonly logits: GPUBuffer;
  /** The loss's partial sums; of a part, its batch's, which all parts of such a batch share. */
  readonly lossPartials?: GPUBuffer | undefined;
  /** The loss's sums, likewise. */
  readonly batchSums?: GPUBuffer | undefined;
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

/** Makes plans ready and keeps them; they share slots and inputs, since they run one after the other. */
export class Executor {
  readonly #gpu: Gpu;
  readonly #config: UNetConfig;
  readonly #shared: SharedBuffers;
  readonly #ready = new Map<string, Promise<ReadyPlan>>();
  /** Settles when the plan that was asked for last is ready, or has failed. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #pool: GPUBuffer[] = [];
  /** What plans have beside their slots; parts of a batch find the same of it. */
  readonly #own: TurnBuffers;

  /** Buffers in `shared` stand for the regions of their names in every plan. */
  constructor(gpu: Gpu, config: UNetConfig, shared: SharedBuffers) {
    this.#gpu = gpu;
    this.#config = config;
    this.#shared = shared;
    this.#own = new TurnBuffers(gpu);
  }

  /**
   * The ready plan for a batch; made at its first use.
   *
   * @throws {CapacityError} where it does not fit the device; what was allocated for it stays until
   * {@linkcode Executor.clear}.
   */
  prepare(spec: PlanSpec): Promise<ReadyPlan> {
    const { kind, batch, height, width, partOf } = spec;
    const key = `${kind} ${batch} ${height} ${width} ${partOf}`;
    let ready = this.#ready.get(key);
    if (ready === undefined) {
      // One after the other: what one plan allocates, the next ones find.
      ready = this.#last.then(() => this.#make(spec));
      this.#last = ready.catch(() => this.#ready.delete(key));
      this.#ready.set(key, ready);
    }
    return ready;
  }

  /** Frees all plans and their memory: what comes next begins with an empty device. */
  clear(): void {
    this.destroy();
    this.#pool.length = 0;
    this.#ready.clear();
  }

  /** Bytes of all buffers that plans use. */
  get byteLength(): number {
    return this.#pool.reduce((sum, { size }) => sum + size, this.#own.byteLength);
  }

  /** Frees everything but the shared buffers. */
  destroy(): void {
    for (const buffer of this.#pool) buffer.destroy();
    this.#own.clear();
    for (const ready of this.#ready.values()) ready.then(({ program }) => program.destroy(), () => {});
  }

  async #make(spec: PlanSpec): Promise<ReadyPlan> {
    const plan = recordPlan(this.#config, planTarget(this.#gpu), spec);
    const pool = [...this.#pool];
    const memory = placeAmong(plan, pool.map(({ size }) => size));
    const slots = [...pool];
    for (const size of memory.slots.slice(pool.length)) {
      const label = `slot ${this.#pool.length}`;
      const buffer = await this.#gpu.createBuffer(label, size, GPUBufferUsage.UNIFORM);
      this.#pool.push(buffer);
      slots.push(buffer);
    }
    const fixed = new Map<Region, GPUBuffer>();
    const places: { -readonly [name in keyof PlanRegions]?: GPUBuffer } = {};
    for (const name of Object.keys(plan.regions) as (keyof PlanRegions)[]) {
      const region = plan.regions[name];
      if (!region.fixed) {
        // What is read at the end begins a slot; the loss's sums of a whole batch are read by its steps alone.
        if (name === "logits") places.logits = slots[memory.places.get(region)!.slot]!;
        continue;
      }
      const ofBatch = name === "lossPartials" || name === "batchSums";
      // The total of a batch in parts is its owner's: these two it needs even where no step here does.
      if (!ofBatch && !plan.steps.some(({ views }) => views.some((view) => view.region === region))) continue;
      const buffer = places[name] = this.#shared[name] ??
        await this.#own.take(region.label, region.byteLength, GPUBufferUsage.UNIFORM);
      fixed.set(region, buffer);
    }
    const { steps, buffers } = bindSteps(plan.steps, memory, slots, fixed);
    const program = await Program.create(this.#gpu, steps, buffers);
    const { images, masks, logits, lossPartials, batchSums } = places;
    return {
      plan,
      program,
      images: images!,
      masks: masks!,
      logits: logits!,
      lossPartials,
      batchSums,
    };
  }
}

/**
 * Plans on a device: each is instantiated once and kept.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { BufferPool, SlotPool } from "../graph/buffer_pool.ts";
import { instantiate } from "../graph/instantiate.ts";
import { kernelsOf, type Program } from "../graph/program.ts";
import type { Region } from "../graph/recorder.ts";
import { planTarget } from "../layers/plan_target.ts";
import type { UNetConfig } from "./config.ts";
import {
  keepPrepared,
  placeAmong,
  type Plan,
  type PlanRegions,
  type PlanSpec,
  recordPlan,
} from "./network_plan.ts";

/**
 * Bytes that may be kept of what a prediction computes of its weights: 455 MB for 32 filters and 8 images, whose weights take 124 MB.
 */
const MOST_PREPARED = 512 * 2 ** 20;

/** Runs of a prediction before what depends on its weights only is kept. */
const RUNS_UNPREPARED = 2;

/** Shares of training's memory that an evaluation tries to keep such results in. */
const EVALUATION_SHARES = [3 / 4, 1 / 2, 3 / 8, 1 / 4, 1 / 8, 1 / 16];

/** Buffers that outlive plans, by the name of their region. */
export type SharedBuffers = Partial<Record<keyof PlanRegions, GPUBuffer>>;

/** A plan that is ready to run. */
export interface ReadyPlan {
  /** The recorded plan. */
  readonly plan: Plan;
  /** Its steps with bind groups. */
  readonly program: Program;
  /** Receives the images, NCHW; another plan may overwrite it. */
  readonly images: GPUBuffer;
  /** Receives the masks, NCHW, likewise; only a plan that evaluates or trains has it. */
  readonly masks: GPUBuffer;
  /** Holds the logits after a run. */
  readonly logits: GPUBuffer;
  /** Partial sums of the loss over the whole batch, which its micro-batches share; only a micro-batch has it. */
  readonly lossPartials?: GPUBuffer | undefined;
  /** Sums of the loss, likewise. */
  readonly batchSums?: GPUBuffer | undefined;
}

/** A plan that was asked for. */
interface Entry {
  /** The plan, as soon as it is ready. */
  readonly ready: Promise<ReadyPlan>;
  /** How often it was asked for. */
  uses: number;
  /** Whether it keeps what depends on its weights only, as far as the memory allows. */
  readonly keeps: boolean;
}

/** Instantiates plans and keeps them. Plans run one after the other, so they share slots and inputs. */
export class Executor {
  readonly #gpu: Gpu;
  readonly #config: UNetConfig;
  readonly #shared: SharedBuffers;
  readonly #entries = new Map<string, Entry>();
  /** Programs that were replaced: who has got one may still run it. */
  readonly #replaced: Promise<ReadyPlan>[] = [];
  /** Settles when the plan requested last is ready or has failed. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #slots: SlotPool;
  /** Fixed regions that are not shared buffers; micro-batches of one batch get the same ones. */
  readonly #buffers: BufferPool;

  /** The buffers in `shared` stand for the regions of their names in every plan. */
  constructor(gpu: Gpu, config: UNetConfig, shared: SharedBuffers) {
    this.#gpu = gpu;
    this.#config = config;
    this.#shared = shared;
    this.#slots = new SlotPool(gpu);
    this.#buffers = new BufferPool(gpu);
  }

  /**
   * The ready plan for a batch, instantiated on first use. A prediction's is replaced after {@linkcode RUNS_UNPREPARED}
   * uses by one that computes once what depends on its weights only: allocating the memory takes longer than two runs
   * would save.
   *
   * @param often whether it will be used so often that this pays at once
   * @throws {CapacityError} if it does not fit the device; what was allocated for it stays until
   * {@linkcode Executor.clear}.
   */
  prepare(spec: PlanSpec, often = false): Promise<ReadyPlan> {
    const { kind, batch, height, width, partOf, twice, loss } = spec;
    const key = [kind, batch, height, width, partOf, twice?.index, twice?.of, loss].join();
    const entry = this.#entries.get(key);
    const uses = (entry?.uses ?? 0) + 1;
    const keeps = kind !== "predict" || often || uses > RUNS_UNPREPARED;
    if (entry && (entry.keeps || !keeps)) {
      entry.uses = uses;
      return entry.ready;
    }
    // One after the other, so that each plan reuses what the ones before it allocated.
    const ready = this.#last.then(() => this.#instantiate(spec, keeps));
    this.#last = ready.catch(() => this.#entries.delete(key));
    if (entry) this.#replaced.push(entry.ready);
    this.#entries.set(key, { ready, uses, keeps });
    return ready;
  }

  /** Bytes of all buffers of the plans, without the shared ones. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#buffers.byteLength;
  }

  /** Frees all plans and their memory, but not the shared buffers. */
  clear(): void {
    this.#slots.clear();
    this.#buffers.clear();
    const all = [...this.#replaced, ...[...this.#entries.values()].map(({ ready }) => ready)];
    for (const ready of all) ready.then(({ program }) => program.destroy(), () => {});
    this.#replaced.length = 0;
    this.#entries.clear();
  }

  async #instantiate(spec: PlanSpec, keeps: boolean): Promise<ReadyPlan> {
    const plan = await this.#record(spec);
    const prepared = keeps ? this.#withPreparation(plan) : plan;
    try {
      return await this.#bind(prepared);
    } catch (error) {
      if (prepared === plan || !(error instanceof CapacityError)) throw error;
      return await this.#bind(plan);
    }
  }

  /** Records a plan whose kernels passed their self-tests: again, with other variants, if one fails. */
  async #record(spec: PlanSpec): Promise<Plan> {
    for (;;) {
      const plan = recordPlan(this.#config, planTarget(this.#gpu), spec);
      if (!await this.#gpu.admit?.(kernelsOf(plan.steps))) return plan;
    }
  }

  /**
   * The plan with what depends on its weights only prepared once: of a prediction, if the results do not take too much
   * memory; of an evaluation, as far as they fit where training's activations lie otherwise.
   */
  #withPreparation(plan: Plan): Plan {
    const { kind } = plan.spec;
    if (kind === "predict") return keepPrepared(plan, MOST_PREPARED);
    if (kind === "train") return plan;
    const { sizes } = this.#slots;
    const { byteLength } = placeAmong(plan, sizes);
    for (const share of EVALUATION_SHARES) {
      const prepared = keepPrepared(plan, share * this.#slots.byteLength);
      if (placeAmong(prepared, sizes).byteLength <= byteLength) return prepared;
    }
    return plan;
  }

  async #bind(plan: Plan): Promise<ReadyPlan> {
    const names = new Map<Region, keyof PlanRegions>();
    for (const name of Object.keys(plan.regions) as (keyof PlanRegions)[]) {
      names.set(plan.regions[name], name);
    }
    const bufferOf = (region: Region) =>
      this.#shared[names.get(region)!] ??
        this.#buffers.take(region.label, region.byteLength, GPUBufferUsage.UNIFORM);
    const { program, locate } = await instantiate(this.#gpu, plan.steps, {
      bufferOf,
      slots: this.#slots,
      memory: placeAmong(plan, this.#slots.sizes),
      preparation: plan.preparation,
      source: plan.regions.weights,
    });
    const { images, masks, logits, lossPartials, batchSums } = plan.regions;
    return {
      plan,
      program,
      images: locate(images)!.buffer,
      masks: locate(masks)?.buffer as GPUBuffer,
      // A region that is kept to the end of the plan begins its slot.
      logits: locate(logits)!.buffer,
      lossPartials: locate(lossPartials)?.buffer,
      // The owner of a batch in micro-batches computes its totals, and needs this one even if no step here does.
      batchSums: batchSums.fixed ? await bufferOf(batchSums) : undefined,
    };
  }
}

/**
 * What follows the gradients of a training step, each a small program of its own: accumulation over batches, clipping,
 * Adam, and the EMA of the weights. This module is browser compatible.
 *
 * @module
 */
import { adamAverageStep, adamStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { weightedSum } from "../../kernels/average/average.ts";
import { CLIP_BAND, clipScale, gradientSquares } from "../../kernels/clip/clip.ts";
import { ceilDiv } from "../../kernels/grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { SlotPool } from "../graph/buffer_pool.ts";
import { instantiate } from "../graph/instantiate.ts";
import type { Program } from "../graph/program.ts";
import { Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";

/** Flat blocks of one value per parameter, and what else an update reads. */
export interface OptimizerBuffers {
  /** The weights. */
  readonly weights: GPUBuffer;
  /** Gradients of one batch. */
  readonly gradients: GPUBuffer;
  /** Mean of the gradients of several batches; absent without accumulation. */
  readonly accumulated?: GPUBuffer;
  /** Adam's first moment. */
  readonly firstMoment: GPUBuffer;
  /** Adam's second moment. */
  readonly secondMoment: GPUBuffer;
  /** EMA of the weights; absent without one. */
  readonly average?: GPUBuffer;
  /** One factor for all gradients. */
  readonly gradientScale: GPUBuffer;
  /** Adam's settings of this step, and the EMA's decay. */
  readonly step: GPUBuffer;
}

/** Settings that are recorded into the programs. */
export interface OptimizerOptions {
  /** Values of a block, a multiple of 64. */
  readonly blockSize: number;
  /** Batches whose gradients are averaged before an update. */
  readonly accumulate: number;
  /** Norm to which the whole gradient is clipped; 0 for no clipping. */
  readonly clipNorm: number;
  /** Decay of the EMA, which the step's uniform holds; 0 for no EMA. */
  readonly averageDecay: number;
}

type BufferName = keyof OptimizerBuffers;

interface Programs {
  /** Accumulates the first batch, and replaces what was accumulated before. */
  readonly first?: Program;
  /** Accumulates a further batch. */
  readonly more?: Program;
  /** Clips, updates the weights, and updates the EMA. */
  readonly update: Program;
}

/** The programs from the gradients of a batch to new weights. */
export class OptimizerStep {
  readonly #programs: Programs;
  readonly #means = new Map<number, Program>();
  readonly #recordMean: (batches: number) => Promise<Program>;
  readonly #slots: SlotPool;

  private constructor(
    programs: Programs,
    recordMean: (batches: number) => Promise<Program>,
    slots: SlotPool,
  ) {
    this.#programs = programs;
    this.#recordMean = recordMean;
    this.#slots = slots;
  }

  /** Records and compiles the programs. */
  static async create(
    gpu: Gpu,
    buffers: OptimizerBuffers,
    options: OptimizerOptions,
  ): Promise<OptimizerStep> {
    const slots = new SlotPool(gpu);
    const record = async (emit: (blocks: Blocks) => void): Promise<Program> => {
      const blocks = new Blocks(gpu.limits.maxStorageBufferBindingSize, options.blockSize);
      emit(blocks);
      const fixed = new Map([...blocks.regions].map(([name, region]) => [region, buffers[name]!]));
      const bufferOf = (region: Region) => fixed.get(region);
      return (await instantiate(gpu, blocks.recorder.steps, { bufferOf, slots })).program;
    };
    const { accumulate } = options;
    const update = await record((blocks) => recordUpdate(blocks, options));
    // Through the batch's own gradients, which are free by then: a kernel cannot read what it writes.
    const mean = (batches: number) =>
      record((blocks) =>
        blocks.each(({ count, of }) => {
          const [gradients, accumulated] = [of("gradients"), of("accumulated")];
          blocks.recorder.run(weightedSum(count, 0, accumulate / batches), {
            value: accumulated,
            total: gradients,
          });
          blocks.recorder.run(weightedSum(count, 0, 1), { value: gradients, total: accumulated });
        })
      );
    if (accumulate <= 1) return new OptimizerStep({ update }, mean, slots);
    const sum = (keep: number) => (blocks: Blocks) =>
      blocks.each((block) =>
        blocks.recorder.run(weightedSum(block.count, keep, 1 / accumulate), {
          value: block.of("gradients"),
          total: block.of("accumulated"),
        })
      );
    const [first, more] = [await record(sum(0)), await record(sum(1))];
    return new OptimizerStep({ first, more, update }, mean, slots);
  }

  /** Encodes the accumulation of a batch's gradients; `first` begins a new mean. */
  encodeAccumulation(pass: GPUComputePassEncoder, first: boolean): void {
    (first ? this.#programs.first : this.#programs.more)?.encode(pass);
  }

  /** The program that turns an accumulation of fewer batches than `accumulate` into their mean. */
  async meanOf(batches: number): Promise<Program> {
    let mean = this.#means.get(batches);
    if (!mean) this.#means.set(batches, mean = await this.#recordMean(batches));
    return mean;
  }

  /** Encodes clipping, Adam and the EMA. */
  encodeUpdate(pass: GPUComputePassEncoder): void {
    this.#programs.update.encode(pass);
  }

  /** Frees what was allocated here. */
  destroy(): void {
    for (const program of [...Object.values(this.#programs), ...this.#means.values()]) program.destroy();
    this.#slots.clear();
  }
}

function recordUpdate(blocks: Blocks, options: OptimizerOptions): void {
  const { recorder } = blocks;
  const gradient = options.accumulate > 1 ? "accumulated" : "gradients";
  if (options.clipNorm > 0) {
    const bands = ceilDiv(options.blockSize, CLIP_BAND);
    const partial = recorder.temporary("squares", bands);
    blocks.each(({ first, count, of }) =>
      recorder.run(gradientSquares(count, first / CLIP_BAND), { gradient: of(gradient), partial })
    );
    recorder.run(clipScale(bands, options.clipNorm), {
      partial,
      gradient_scale: blocks.whole("gradientScale"),
    });
  }
  const averages = options.averageDecay > 0;
  blocks.each(({ count, of }) =>
    recorder.run(averages ? adamAverageStep(count) : adamStep(count), {
      weights: of("weights"),
      gradient: of(gradient),
      first_moment: of("firstMoment"),
      second_moment: of("secondMoment"),
      ...(averages ? { average: of("average") } : {}),
      gradient_scale: blocks.whole("gradientScale"),
      step: blocks.whole("step", STEP_BYTE_LENGTH),
    })
  );
}

/** Records over ranges of the flat blocks, each as large as one binding allows. */
class Blocks {
  readonly recorder: Recorder;
  readonly regions = new Map<BufferName, Region>();
  readonly #blockSize: number;

  constructor(maxBinding: number, blockSize: number) {
    this.recorder = new Recorder(maxBinding);
    this.#blockSize = blockSize;
  }

  /** Calls `emit` for every range; each starts at a multiple of the bands of the sum of squares. */
  each(emit: (block: { first: number; count: number; of: (name: BufferName) => RegionView }) => void): void {
    const most = Math.floor(this.recorder.maxBinding / 4 / CLIP_BAND) * CLIP_BAND;
    for (let first = 0; first < this.#blockSize; first += most) {
      const count = Math.min(most, this.#blockSize - first);
      emit({ first, count, of: (name) => view(this.#region(name), first, count) });
    }
  }

  /** The first bytes of a small buffer. */
  whole(name: "gradientScale" | "step", byteLength = 16): RegionView {
    return view(this.#region(name), 0, byteLength / 4);
  }

  #region(name: BufferName): Region {
    let region = this.regions.get(name);
    if (!region) this.regions.set(name, region = this.recorder.fixed(name, this.#blockSize));
    return region;
  }
}

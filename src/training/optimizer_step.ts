/**
 * What follows the gradients of a training step, each a small program of its own: accumulation over batches, clipping,
 * Adam, and the moving average of the weights.
 *
 * @module
 */
import { adamStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { emaUpdate, weightedSum } from "../../kernels/average/average.ts";
import { CLIP_BAND, clipScale, gradientSquares } from "../../kernels/clip/clip.ts";
import { ceilDiv } from "../../kernels/grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { SlotPool } from "../graph/buffer_pool.ts";
import { instantiate } from "../graph/instantiate.ts";
import type { Program } from "../graph/program.ts";
import { Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";

/** Flat blocks of one value a parameter, and what an update reads beside them. */
export interface UpdateBuffers {
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
  /** Moving average of the weights; absent without averaging. */
  readonly average?: GPUBuffer;
  /** One factor for all gradients. */
  readonly gradientScale: GPUBuffer;
  /** Adam's settings of this step, and how the average goes on. */
  readonly step: GPUBuffer;
}

/** Settings that are recorded into the programs. */
export interface UpdateOptions {
  /** Values of a block, a multiple of 64. */
  readonly blockSize: number;
  /** Batches whose gradients are averaged before an update. */
  readonly accumulate: number;
  /** Norm that the whole gradient is clipped to; 0 for none. */
  readonly clipNorm: number;
  /** Decay of the moving average of the weights, which the step's uniform has; 0 for no average. */
  readonly averageDecay: number;
}

type BufferName = keyof UpdateBuffers;

/** Accumulation of the first batch and of more, and what is done with the result. */
interface Programs {
  readonly first?: Program;
  readonly more?: Program;
  readonly apply: Program;
}

/** The programs of an update. */
export class Update {
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

  /** Compiles the update. */
  static async create(gpu: Gpu, buffers: UpdateBuffers, options: UpdateOptions): Promise<Update> {
    const slots = new SlotPool(gpu);
    const record = async (emit: (blocks: Blocks) => void): Promise<Program> => {
      const blocks = new Blocks(gpu.limits.maxStorageBufferBindingSize, options.blockSize);
      emit(blocks);
      const fixed = new Map([...blocks.regions].map(([name, region]) => [region, buffers[name]!]));
      const bufferOf = (region: Region) => fixed.get(region);
      return (await instantiate(gpu, blocks.recorder.steps, { bufferOf, slots })).program;
    };
    const { accumulate } = options;
    const apply = await record((blocks) => recordApply(blocks, options));
    // By way of the batch's own gradients, which are free by then: a kernel cannot read what it writes.
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
    if (accumulate <= 1) return new Update({ apply }, mean, slots);
    const sum = (keep: number) => (blocks: Blocks) =>
      blocks.each((block) =>
        blocks.recorder.run(weightedSum(block.count, keep, 1 / accumulate), {
          value: block.of("gradients"),
          total: block.of("accumulated"),
        })
      );
    return new Update({ first: await record(sum(0)), more: await record(sum(1)), apply }, mean, slots);
  }

  /** Encodes the accumulation of a batch's gradients; `first` begins a new mean. */
  encodeAccumulation(pass: GPUComputePassEncoder, first: boolean): void {
    (first ? this.#programs.first : this.#programs.more)?.encode(pass);
  }

  /** Turns the accumulation of fewer batches than were to be averaged into their mean. */
  async meanOf(batches: number): Promise<Program> {
    let mean = this.#means.get(batches);
    if (!mean) this.#means.set(batches, mean = await this.#recordMean(batches));
    return mean;
  }

  /** Encodes clipping, Adam and averaging. */
  encodeApply(pass: GPUComputePassEncoder): void {
    this.#programs.apply.encode(pass);
  }

  /** Frees what the update allocated for itself. */
  destroy(): void {
    for (const program of [...Object.values(this.#programs), ...this.#means.values()]) program.destroy();
    this.#slots.clear();
  }
}

function recordApply(blocks: Blocks, options: UpdateOptions): void {
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
  blocks.each(({ count, of }) =>
    recorder.run(adamStep(count), {
      weights: of("weights"),
      gradient: of(gradient),
      first_moment: of("firstMoment"),
      second_moment: of("secondMoment"),
      gradient_scale: blocks.whole("gradientScale"),
      step: blocks.whole("step", 40),
    })
  );
  if (options.averageDecay > 0) {
    blocks.each(({ count, of }) =>
      recorder.run(emaUpdate(count), {
        value: of("weights"),
        total: of("average"),
        step: blocks.whole("step", STEP_BYTE_LENGTH),
      })
    );
  }
}

/** Ranges of the flat blocks that one binding holds. */
class Blocks {
  readonly recorder: Recorder;
  readonly regions = new Map<BufferName, Region>();
  readonly #blockSize: number;

  constructor(maxBinding: number, blockSize: number) {
    this.recorder = new Recorder(maxBinding);
    this.#blockSize = blockSize;
  }

  /** Calls `emit` for every range; ranges begin at whole bands of the sum of squares. */
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

/**
 * Prediction of images of any size by sliding windows. Logits are added up on the device in a band as high as a window;
 * rows that no further window reaches are read back, so that device memory does not grow with the height of the image.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  accumulateWindows,
  packPlaces,
  placesLength,
  type WindowShape,
} from "../../kernels/windows/windows.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import type { GpuDescription } from "../gpu/adapter.ts";
import { Program } from "../graph/program.ts";
import { reflectIndices } from "../image/reflect.ts";
import { type PlanTarget, planTarget } from "../layers/plan_target.ts";
import type { Tensor } from "../tensor.ts";
import type { UNetConfig } from "../unet/config.ts";
import { planBytes, recordPlan } from "../unet/network_plan.ts";
import type { UNet } from "../unet/unet.ts";
import { type WindowAxis, windowAxis } from "./window_grid.ts";

/** Windows that the network computes together, at most. */
const TOGETHER = 4;

/**
 * Computes the logits of an image of any size.
 *
 * @param image [channels, height, width], normalized
 * @param side rows and columns of a window, a multiple of the network's step
 * @returns [1, outChannels, height, width]; of an image of one window the bits of {@linkcode UNet.logits}
 * @throws {RangeError} if a window, or the band of so wide an image, does not fit the device
 */
export async function logitsByWindows(unet: UNet, image: Tensor, side: number): Promise<Tensor> {
  const [, height, width] = image.shape as [number, number, number];
  const [rows, columns] = [windowAxis(height, side), windowAxis(width, side)];
  const band = await Band.create(unet, columns, side);
  try {
    const { outChannels } = unet.config;
    const data = new Float32Array(outChannels * height * width);
    for (const [index, top] of rows.starts.entries()) {
      const last = rows.starts[index - 1];
      await band.add({ image, top, rows, index, newRow: last === undefined ? 0 : last + side - top });
      const end = rows.starts[index + 1] ?? rows.extent;
      const finished = await band.read();
      copyRows(finished, { from: top, end, rows, columns, height, width, side }, data);
    }
    return { shape: [1, outChannels, height, width], data };
  } finally {
    band.close();
  }
}

/** Bytes on the device that predicting images of a width by windows takes, whatever their height. */
export function windowBytes(
  config: UNetConfig,
  gpu: GpuDescription,
  { side, width }: { readonly side: number; readonly width: number },
): number {
  const columns = windowAxis(width, side);
  const shape = shapeOf(config, columns, side);
  const spec = { kind: "predict", batch: shape.most, height: side, width: side } as const;
  const plan = recordPlan(config, planTarget(gpu), spec);
  return planBytes(plan) + plan.regions.weights.byteLength + bandBytes(shape) + 4 * placesLength(shape);
}

/** The labels of all kernels that prediction by windows may run: those of fewer windows, too, at the end of a row. */
export function windowKernels(config: UNetConfig, target: PlanTarget, side: number): Set<string> {
  const labels = new Set([accumulateWindows({ side, width: side, classes: 1, most: 1 }, side).kernel.label]);
  for (let batch = 1; batch <= TOGETHER; batch++) {
    const { steps } = recordPlan(config, target, { kind: "predict", batch, height: side, width: side });
    for (const { dispatch } of steps) labels.add(dispatch.kernel.label);
  }
  return labels;
}

function shapeOf({ outChannels }: UNetConfig, { extent, starts }: WindowAxis, side: number): WindowShape {
  return { side, width: extent, classes: outChannels, most: Math.min(TOGETHER, starts.length) };
}

function bandBytes({ side, width, classes }: WindowShape): number {
  return 4 * classes * side * width;
}

/** A row of windows. */
interface WindowRow {
  readonly image: Tensor;
  readonly top: number;
  readonly rows: WindowAxis;
  readonly index: number;
  readonly newRow: number;
}

/** The band of an image in which windows are added up. */
class Band {
  readonly #unet: UNet;
  readonly #columns: WindowAxis;
  readonly #shape: WindowShape;
  readonly #sums: GPUBuffer;
  readonly #places: GPUBuffer;
  readonly #programs = new Map<GPUBuffer, Map<number, Program>>();

  private constructor(
    unet: UNet,
    columns: WindowAxis,
    shape: WindowShape,
    sums: GPUBuffer,
    places: GPUBuffer,
  ) {
    this.#unet = unet;
    this.#columns = columns;
    this.#shape = shape;
    this.#sums = sums;
    this.#places = places;
  }

  static async create(unet: UNet, columns: WindowAxis, side: number): Promise<Band> {
    const { gpu, config } = unet;
    const shape = shapeOf(config, columns, side);
    if (bandBytes(shape) > gpu.limits.maxStorageBufferBindingSize) {
      throw new CapacityError(
        `Cannot predict an image of ${shape.width} columns in windows: ${side} rows of ${shape.classes} channels take ` +
          `${bandBytes(shape)} bytes, a binding of this device ${gpu.limits.maxStorageBufferBindingSize}\n` +
          "hint: use smaller windows or a smaller image",
      );
    }
    const sums = await gpu.createBuffer("sums of windows", bandBytes(shape));
    try {
      const places = await gpu.createBuffer("places of windows", 4 * placesLength(shape));
      return new Band(unet, columns, shape, sums, places);
    } catch (error) {
      sums.destroy();
      throw error;
    }
  }

  /** Adds a row of windows. */
  async add({ image, top, rows, index, newRow }: WindowRow): Promise<void> {
    const { gpu } = this.#unet;
    const { side, most } = this.#shape;
    const { starts, weights } = this.#columns;
    const rowWeights = rows.weights[index]!;
    for (let first = 0; first < starts.length;) {
      const wanted = starts.slice(first, first + most);
      const windows = cutWindows(image, { top, rows, columns: this.#columns, starts: wanted, side });
      const { logits, batch } = await this.#unet.run(windows);
      const places = {
        top,
        newRow,
        newColumn: first === 0 ? 0 : starts[first - 1]! + side,
        rows: rowWeights,
        starts: starts.slice(first, first + batch),
        columns: weights.slice(first, first + batch),
      };
      const program = await this.#program(logits, batch);
      gpu.write(this.#places, 0, packPlaces(places, this.#shape));
      gpu.run((pass) => program.encode(pass));
      first += batch;
    }
  }

  /** All channels, each row at its slot. */
  async read(): Promise<Float32Array> {
    return new Float32Array(await this.#unet.gpu.read(this.#sums, 0, bandBytes(this.#shape)));
  }

  close(): void {
    for (const programs of this.#programs.values()) {
      for (const program of programs.values()) program.destroy();
    }
    this.#sums.destroy();
    this.#places.destroy();
  }

  /** The program that adds the logits of a micro-batch in this buffer. */
  async #program(logits: GPUBuffer, batch: number): Promise<Program> {
    const programs = this.#programs.get(logits) ?? new Map<number, Program>();
    this.#programs.set(logits, programs);
    let program = programs.get(batch);
    if (program === undefined) {
      const { side, classes } = this.#shape;
      const bytes = 4 * batch * classes * side * side;
      const buffers = [logits, this.#places, this.#sums];
      const views = buffers.map(({ size }, buffer) => ({
        buffer,
        offset: 0,
        byteLength: buffer === 0 ? bytes : size,
      }));
      // Windows lie at most half a window apart.
      const span = side + (batch - 1) * Math.ceil(side / 2);
      const dispatch = accumulateWindows(this.#shape, span);
      program = await Program.create(this.#unet.gpu, [{ dispatch, views }], buffers);
      programs.set(batch, program);
    }
    return program;
  }
}

/** Windows of an image as a batch; what lies outside it is reflected. */
function cutWindows(
  { shape, data }: Tensor,
  { top, rows, columns, starts, side }: {
    readonly top: number;
    readonly rows: WindowAxis;
    readonly columns: WindowAxis;
    readonly starts: readonly number[];
    readonly side: number;
  },
): Tensor {
  const [channels, height, width] = shape as [number, number, number];
  const cut = new Float32Array(starts.length * channels * side * side);
  const fromRows = reflectIndices(top - rows.padding, side, height);
  let at = 0;
  for (const start of starts) {
    const first = start - columns.padding;
    const isInside = first >= 0 && first + side <= width;
    const fromColumns = isInside ? null : reflectIndices(first, side, width);
    for (let channel = 0; channel < channels; channel++) {
      for (const row of fromRows) {
        const line = (channel * height + row) * width;
        if (fromColumns === null) cut.set(data.subarray(line + first, line + first + side), at);
        else for (let x = 0; x < side; x++) cut[at + x] = data[line + fromColumns[x]!]!;
        at += side;
      }
    }
  }
  return { shape: [starts.length, channels, side, side], data: cut };
}

/** Copies finished rows of a band to the image, without padding. */
function copyRows(
  band: Float32Array,
  { from, end, rows, columns, height, width, side }: {
    readonly from: number;
    readonly end: number;
    readonly rows: WindowAxis;
    readonly columns: WindowAxis;
    readonly height: number;
    readonly width: number;
    readonly side: number;
  },
  target: Float32Array,
): void {
  const channels = band.length / (side * columns.extent);
  for (let row = Math.max(from, rows.padding); row < Math.min(end, rows.padding + height); row++) {
    for (let channel = 0; channel < channels; channel++) {
      const line = (channel * side + row % side) * columns.extent + columns.padding;
      target.set(band.subarray(line, line + width), (channel * height + row - rows.padding) * width);
    }
  }
}

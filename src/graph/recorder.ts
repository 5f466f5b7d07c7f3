/**
 * Records dispatches over regions of memory before any memory exists, so that steps can be planned and measured
 * without a GPU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { UNIFORM_WINDOW } from "../../kernels/gemm/gemm.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import { BYTES, halveDispatch, type Precision, storableBindings } from "../../kernels/storage.ts";
import { alignBytes, BINDING_ALIGNMENT } from "../gpu/alignment.ts";

/** A piece of memory: a temporary one, which is placed in a slot later, or a fixed one, which the owner allocates. */
export interface Region {
  /** Shown in errors and listings. */
  readonly label: string;
  /** Storage type of its values. */
  readonly precision: Precision;
  /** Bytes, a multiple of 256. */
  readonly byteLength: number;
  /** Whether the owner of the steps allocates it. */
  readonly fixed: boolean;
}

/** A range of a region. */
export interface RegionView {
  /** The region. */
  readonly region: Region;
  /** First byte; a multiple of 256. */
  readonly offset: number;
  /** Bytes. */
  readonly byteLength: number;
}

/** A recorded dispatch. */
export interface RecordedStep {
  /** Kernel, parameters and workgroups. */
  readonly dispatch: Dispatch;
  /** In the order of the kernel's bindings. */
  readonly views: readonly RegionView[];
}

/** Bytes of a uniform window, which is always bound whole. */
export const WINDOW = 4 * UNIFORM_WINDOW;

/** A view of a whole region, or of `count` values from value `first` on. */
export function view(region: Region, first = 0, count?: number): RegionView {
  const bytes = BYTES[region.precision];
  const offset = first * bytes;
  // Whole vectors of four: kernels bind arrays of vectors, which end before an incomplete one.
  const byteLength = count === undefined ? region.byteLength - offset : Math.ceil(count / 4) * 4 * bytes;
  return { region, offset, byteLength };
}

/** Collects regions and steps. */
export class Recorder {
  /** The recorded steps, in order. */
  readonly steps: RecordedStep[] = [];
  /** Placeholder for a binding that a kernel will not read. */
  readonly nothing: RegionView;
  /** Storage type of tensors between layers. */
  readonly precision: Precision;
  readonly #maxBinding: number;

  /** A binding may have up to `maxBinding` bytes. */
  constructor(maxBinding: number, precision: Precision = "f32") {
    this.precision = precision;
    this.#maxBinding = maxBinding;
    this.nothing = view(this.fixed("nothing", 64));
  }

  /** Bytes that one binding may have. */
  get maxBinding(): number {
    return this.#maxBinding;
  }

  /** A temporary region of `count` values; it lives from its first to its last use. */
  temporary(label: string, count: number, precision: Precision = "f32"): Region {
    return { label, precision, byteLength: alignBytes(count * BYTES[precision]), fixed: false };
  }

  /** A temporary region that can also be bound as uniform windows, which may begin anywhere within `floats`. */
  windowed(label: string, floats: number): Region {
    return { label, precision: "f32", byteLength: alignBytes(floats * 4) + WINDOW, fixed: false };
  }

  /** A region that the owner of the steps allocates. */
  fixed(label: string, floats: number): Region {
    return { label, precision: "f32", byteLength: alignBytes(floats * 4), fixed: true };
  }

  /**
   * Records a dispatch with its bindings by name. If regions are stored as float16, the kernel is replaced by its form
   * for that.
   *
   * @throws {TypeError} if the names do not match the kernel's bindings, or a region is both read and written.
   * @throws {RangeError} if a view is too large, not aligned or outside its region, or the kernel cannot read float16
   * there.
   */
  run(dispatch: Dispatch, bindings: Readonly<Record<string, RegionView | Region>>): void {
    const { kernel } = dispatch;
    const names = kernel.bindings.slice(0, -1).map(({ name }) => name);
    const unknown = Object.keys(bindings).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new TypeError(`Cannot bind "${unknown}": kernel "${kernel.label}" has no such binding`);
    }
    const views = kernel.bindings.slice(0, -1).map(({ name, access }) => {
      const bound = bindings[name];
      if (bound === undefined) {
        throw new TypeError(`Cannot record kernel "${kernel.label}": "${name}" is not bound`);
      }
      const whole = "region" in bound ? bound : view(bound);
      const result = access === "uniform" && name !== "step" ? { ...whole, byteLength: WINDOW } : whole;
      this.#check(kernel.label, name, result);
      return result;
    });
    const written = new Set(
      views.filter((_, index) => kernel.bindings[index]!.access === "read_write").map(({ region }) => region),
    );
    views.forEach(({ region }, index) => {
      if (kernel.bindings[index]!.access === "read" && written.has(region)) {
        throw new TypeError(
          `Cannot record kernel "${kernel.label}": it would both read and write "${region.label}"`,
        );
      }
    });
    this.steps.push({ dispatch: halveDispatch(dispatch, this.#halves(dispatch, views)), views });
  }

  /** Names of the bindings that a kernel must access as float16. */
  #halves({ kernel }: Dispatch, views: readonly RegionView[]): string[] {
    if (views.every(({ region }) => region.precision === "f32")) return [];
    const storable = storableBindings(kernel);
    return views.flatMap(({ region }, index) => {
      const { name } = kernel.bindings[index]!;
      // The placeholder is not read: as float16 it does not require another form of the kernel.
      const either = region === this.nothing.region && storable.includes(name);
      return region.precision === "f16" || either ? [name] : [];
    });
  }

  #check(kernel: string, name: string, { region, offset, byteLength }: RegionView): void {
    if (offset % BINDING_ALIGNMENT !== 0 || offset + byteLength > region.byteLength) {
      throw new RangeError(
        `Cannot bind "${name}" of kernel "${kernel}" to bytes ${offset} to ${offset + byteLength} of ` +
          `"${region.label}": it has ${region.byteLength} bytes, and offsets are multiples of ${BINDING_ALIGNMENT}`,
      );
    }
    if (byteLength > this.#maxBinding) {
      throw new RangeError(
        `Cannot bind "${name}" of kernel "${kernel}": "${region.label}" takes ${byteLength} bytes, the device binds at ` +
          `most ${this.#maxBinding}\nhint: use smaller images or fewer filters`,
      );
    }
  }
}

/**
 * Records dispatches over regions of memory before any memory exists: a plan can be made, measured and printed
 * without a GPU.
 *
 * @module
 */
import type { Dispatch } from "../../kernels/kernel.ts";
import { BYTES, halveDispatch, type Precision, storableBindings } from "../../kernels/storage.ts";

/** A piece of memory: either a temporary one, whose place is found later, or a fixed one that outlives the plan. */
export interface Region {
  /** For errors and listings. */
  readonly label: string;
  /** What its values are stored as. */
  readonly precision: Precision;
  /** Bytes, a multiple of 256. */
  readonly byteLength: number;
  /** Whether the region is one of the plan's fixed buffers. */
  readonly fixed: boolean;
}

/** A range of a region. */
export interface RegionView {
  /** Where it lies. */
  readonly region: Region;
  /** First byte; a multiple of 256. */
  readonly offset: number;
  /** Bytes. */
  readonly byteLength: number;
}

/** A recorded dispatch. */
export interface RecordedStep {
  /** What runs. */
  readonly dispatch: Dispatch;
  /** In the order of the kernel's bindings. */
  readonly views: readonly RegionView[];
}

/** Offsets of bindings are multiples of this. */
export const BINDING_ALIGNMENT = 256;

/** Bytes that a uniform window binds. */
const WINDOW = 65536;

/** The whole of a region, or a range of it given in values. */
export function view(region: Region, first = 0, count?: number): RegionView {
  const bytes = BYTES[region.precision];
  const offset = first * bytes;
  // Whole vectors of four: a shorter end would lie beyond what a kernel sees as an array of vectors.
  const byteLength = count === undefined ? region.byteLength - offset : Math.ceil(count / 4) * 4 * bytes;
  return { region, offset, byteLength };
}

/** Collects regions and steps. */
export class Recorder {
  /** What was recorded, in order. */
  readonly steps: RecordedStep[] = [];
  /** Stands where a kernel binds something that it will not read. */
  readonly nothing: RegionView;
  /** What tensors between layers are stored as. */
  readonly precision: Precision;
  readonly #maxBinding: number;

  /** Steps may bind up to `maxBinding` bytes at once. */
  constructor(maxBinding: number, precision: Precision = "f32") {
    this.precision = precision;
    this.#maxBinding = maxBinding;
    this.nothing = view(this.fixed("nothing", 64));
  }

  /** Bytes that one binding may have. */
  get maxBinding(): number {
    return this.#maxBinding;
  }

  /** A temporary region of `count` values; it exists from its first to its last use. */
  temporary(label: string, count: number, precision: Precision = "f32"): Region {
    return { label, precision, byteLength: alignBytes(count * BYTES[precision]), fixed: false };
  }

  /** A temporary region that can be bound as uniform windows which begin anywhere within `floats`. */
  windowed(label: string, floats: number): Region {
    return { label, precision: "f32", byteLength: alignBytes(floats * 4) + WINDOW, fixed: false };
  }

  /** A region that the plan's owner allocates. */
  fixed(label: string, floats: number): Region {
    return { label, precision: "f32", byteLength: alignBytes(floats * 4), fixed: true };
  }

  /**
   * Records a dispatch with its bindings by name, of a kernel that takes them as they are stored.
   *
   * @throws {TypeError} where names and the kernel's bindings do not match, or a region is both read and written.
   * @throws {RangeError} where a view is too large to bind or not aligned, or the kernel takes no float16 there.
   */
  run(dispatch: Dispatch, bindings: Readonly<Record<string, RegionView | Region>>): void {
    const { kernel } = dispatch;
    const names = kernel.bindings.slice(0, -1).map(({ name }) => name);
    const unknown = Object.keys(bindings).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new TypeError(`Cannot bind "${unknown}": kernel "${kernel.label}" has no such name`);
    }
    const views = kernel.bindings.slice(0, -1).map(({ name, access }) => {
      const bound = bindings[name];
      if (bound === undefined) {
        throw new TypeError(`Cannot run kernel "${kernel.label}": "${name}" is not bound`);
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
          `Cannot run kernel "${kernel.label}": it would read and write "${region.label}" at once`,
        );
      }
    });
    this.steps.push({ dispatch: halveDispatch(dispatch, this.#halves(dispatch, views)), views });
  }

  /** The bindings that a kernel must take as float16. */
  #halves({ kernel }: Dispatch, views: readonly RegionView[]): string[] {
    if (views.every(({ region }) => region.precision === "f32")) return [];
    const storable = storableBindings(kernel);
    return views.flatMap(({ region }, index) => {
      const { name } = kernel.bindings[index]!;
      // What is not read may be anything: as float16 it needs no kernel of its own.
      const either = region === this.nothing.region && storable.includes(name);
      return region.precision === "f16" || either ? [name] : [];
    });
  }

  #check(kernel: string, name: string, { region, offset, byteLength }: RegionView): void {
    if (offset % BINDING_ALIGNMENT !== 0 || offset + byteLength > region.byteLength) {
      throw new RangeError(
        `Cannot bind "${name}" of kernel "${kernel}": bytes ${offset} to ${
          offset + byteLength
        } of "${region.label}", ` +
          `which has ${region.byteLength}`,
      );
    }
    if (byteLength > this.#maxBinding) {
      throw new RangeError(
        `Cannot bind "${name}" of kernel "${kernel}": "${region.label}" takes ${byteLength} bytes at once, the device ` +
          `allows ${this.#maxBinding}\nhint: use smaller images or fewer filters`,
      );
    }
  }
}

function alignBytes(byteLength: number): number {
  return Math.max(BINDING_ALIGNMENT, Math.ceil(byteLength / BINDING_ALIGNMENT) * BINDING_ALIGNMENT);
}

/**
 * The benchmark: sections in a fixed order, each measured on its own.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { openGpu } from "../host/open_gpu.ts";
import type { Arithmetic } from "../gpu/arithmetic.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Timing } from "../tuning/timing.ts";
import { calibrate, dispatchSeconds, type Speed } from "./calibration.ts";
import { type DataPipeline, measureDataPipeline } from "./data_pipeline.ts";
import { type Gaps, measureGaps } from "./gaps.ts";
import { CONV_SHAPES, type KernelSpeed, measureConv } from "./kernels.ts";
import { describeMachine, type Machine, machineLoad } from "./machine.ts";
import { type LowMemory, measureLowMemory } from "./low_memory.ts";
import { measureTable, type Memory, planTable } from "./memory.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";
import { measureShape, type ShapeSpeed } from "./network_speed.ts";
import { measureScale, SCALE_SHAPES, type ScaleTime } from "./scale.ts";
import { measureStart, type StartTime } from "./start.ts";
import { describeVariants, type VariantReport } from "./variants.ts";

/** The result of each section. */
export interface Sections {
  /** Peak speed of the adapter and cost of a dispatch. */
  calibration: { readonly gigaflops: Speed; readonly dispatchSeconds: Timing };
  /** Single convolutions. */
  kernels: KernelSpeed[];
  /** Forward pass and training step, next to peers. */
  network: ShapeSpeed[];
  /** Where a step's time goes. */
  gaps: Gaps[];
  /** Time to the first step. */
  start: StartTime;
  /** Planned and allocated memory. */
  memory: Memory[];
  /** What training with less memory costs in time. */
  low: LowMemory[];
  /** Time of a step by number of pixels. */
  scale: ScaleTime[];
  /** Preparing images and assembling batches. */
  data: DataPipeline;
}

/** Name of a section. */
export type SectionName = keyof Sections;

/** Everything that was measured. */
export interface BenchReport extends Partial<Sections> {
  /** Where it was measured. */
  machine: Machine;
  /** Which kernel variants were chosen; with the section `kernels`. */
  variants?: VariantReport;
  /** Load of the machine afterwards, including the benchmark itself. */
  loadAfter: number;
  /** Duration in seconds. */
  seconds: number;
}

/** Settings of {@linkcode runBenchmark}. */
export interface BenchOptions {
  /** Sections to measure; defaults to all. */
  readonly only?: readonly SectionName[];
  /** Fewer shapes and rounds: less than a minute. */
  readonly quick: boolean;
  /** Whether to measure peers as well. */
  readonly peers: boolean;
  /** Whether to use the software adapter even if there is a GPU. */
  readonly software: boolean;
  /** Which kernels may be chosen. */
  readonly kernels: Arithmetic;
  /** Kernel variants in place of the defaults. */
  readonly choices?: KernelChoices | undefined;
  /** A folder to create, fill and remove. */
  readonly folder: string;
  /** Called with notes on progress. */
  readonly onNote?: (note: string) => void;
  /** Called with the report after every section. */
  readonly onSection?: (name: SectionName, report: BenchReport) => void;
}

interface Context {
  readonly gpu: Gpu;
  readonly options: BenchOptions;
  readonly note: (note: string) => void;
}

/** Few filters and small images, few filters, and the width of the original on a single image. */
const NETWORK_SHAPES: readonly NetworkShape[] = [
  { filters: 8, size: 64, batch: 4 },
  { filters: 8, size: 128, batch: 8 },
  { filters: 32, size: 256, batch: 1 },
];

/** Largest batch, in pixels, for which both norms are measured, and that `--quick` measures at all. */
const SMALL_PIXELS = 128 * 128 * 8;

/** Batches that need much more memory than the parameters, yet take only seconds. */
const LOW_MEMORY_SHAPES: readonly NetworkShape[] = [
  { filters: 8, size: 128, batch: 16 },
  { filters: 8, size: 256, batch: 8 },
];

/** Filters in the memory tables. */
const MEMORY_FILTERS = [8, 32];

const isSmall = ({ filters, size, batch }: NetworkShape) =>
  filters === 8 && size * size * batch <= SMALL_PIXELS;

const MEASURE: { readonly [Name in SectionName]: (context: Context) => Promise<Sections[Name]> } = {
  async calibration({ gpu, options }) {
    return {
      gigaflops: await calibrate(gpu, options.quick ? 1 : 2),
      dispatchSeconds: await dispatchSeconds(gpu),
    };
  },
  async kernels({ gpu, options, note }) {
    const turns = options.quick
      ? { measurement: 0.15, seconds: 1, least: 2 }
      : { measurement: 0.3, seconds: 4, least: 5 };
    const speeds: KernelSpeed[] = [];
    for (const shape of CONV_SHAPES) {
      note(`${shape.channels} channels, ${shape.size} px`);
      speeds.push(...await measureConv(gpu, shape, turns));
    }
    return speeds;
  },
  async network({ gpu, options, note }) {
    const { quick } = options;
    const turns = quick
      ? { measurement: 0.2, seconds: 2, least: 2 }
      : { measurement: 0.4, seconds: 6, least: 5 };
    const peers = options.peers
      ? { threads: navigator.hardwareConcurrency, onStart: (name: string) => note(`starting ${name}`) }
      : undefined;
    const speeds: ShapeSpeed[] = [];
    for (const shape of NETWORK_SHAPES) {
      if (quick && !isSmall(shape)) continue;
      note(`${shape.filters} filters, ${shape.size} px, batch ${shape.batch}`);
      const norms = isSmall(shape) && !quick ? ["none", "instance"] as const : ["none"] as const;
      speeds.push(await measureShape(gpu, shape, { ...turns, norms, peers }));
    }
    return speeds;
  },
  async gaps({ gpu, options, note }) {
    const all: Gaps[] = [];
    for (const shape of NETWORK_SHAPES.slice(0, options.quick ? 1 : undefined)) {
      note(`${shape.filters} filters, ${shape.size} px, batch ${shape.batch}`);
      const bench = await NetworkBench.create(gpu, shape);
      try {
        for (const kind of ["train", "predict"] as const) {
          all.push(await measureGaps(gpu, bench, shape, options.quick ? 1 : 3, kind));
        }
      } finally {
        bench.close();
      }
    }
    return all;
  },
  start({ options }) {
    return measureStart(NETWORK_SHAPES[options.quick ? 0 : 2]!, options, options.quick ? 3 : 9);
  },
  async memory({ gpu, options }) {
    const table = MEMORY_FILTERS.flatMap((filters) => planTable(gpu, filters));
    return options.quick ? table : await measureTable(gpu, table);
  },
  async low({ gpu, options }) {
    const turns = options.quick ? { seconds: 0, least: 1 } : { seconds: 12, least: 3 };
    const all: LowMemory[] = [];
    for (const shape of options.quick ? LOW_MEMORY_SHAPES.slice(0, 1) : LOW_MEMORY_SHAPES) {
      all.push(await measureLowMemory(gpu, shape, turns));
    }
    return all;
  },
  scale({ gpu, options }) {
    const { quick } = options;
    const shapes = quick
      ? SCALE_SHAPES.filter(({ size, batch }) => size * size * batch <= 2 ** 16)
      : SCALE_SHAPES;
    return measureScale(gpu, shapes, quick ? 0.5 : 1.5);
  },
  data({ options }) {
    const { quick, folder } = options;
    return measureDataPipeline(folder, quick ? 8 : 32, { seconds: quick ? 1 : 6, least: 2 });
  },
};

/** The sections in order. */
export const SECTION_NAMES = Object.keys(MEASURE) as SectionName[];

/**
 * Measures the sections one after the other.
 *
 * @throws {Error} if there is no adapter, or it fails.
 */
export async function runBenchmark(options: BenchOptions): Promise<BenchReport> {
  const start = performance.now();
  const { software, kernels, choices, only = SECTION_NAMES } = options;
  const report: BenchReport = { machine: await describeMachine(software), loadAfter: 0, seconds: 0 };
  const gpu = await openGpu({ software, kernels, choices });
  try {
    for (const name of SECTION_NAMES.filter((name) => only.includes(name))) {
      const note = (text: string) => options.onNote?.(`${name}: ${text}`);
      note("measuring");
      if (name === "kernels") report.variants = await describeVariants(gpu, choices !== undefined);
      await measureSection(report, name, { gpu, options, note });
      options.onSection?.(name, report);
    }
  } finally {
    gpu.close();
  }
  report.loadAfter = machineLoad();
  report.seconds = (performance.now() - start) / 1000;
  return report;
}

async function measureSection<Name extends SectionName>(
  report: BenchReport,
  name: Name,
  context: Context,
): Promise<void> {
  (report as Partial<Pick<Sections, Name>>)[name] = await MEASURE[name](context);
}

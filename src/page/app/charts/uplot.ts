/**
 * The parts of uPlot (MIT, loaded by the page as a script of its own) that charts use. This module is browser compatible.
 *
 * @module
 */

/** Aligned data: x values in ascending order, then the values of each series; null is a gap, undefined is passed over. */
export type AlignedData = readonly [readonly number[], ...(readonly (number | null | undefined)[])[]];

/** A scale's limits. */
interface Scale {
  readonly min?: number;
  readonly max?: number;
}

/** A drawn chart. */
export interface UPlot {
  readonly scales: Readonly<Record<string, Scale>>;
  setData(data: AlignedData, resetScales?: boolean): void;
  setSize(size: { readonly width: number; readonly height: number }): void;
  destroy(): void;
}

/** A series. */
export interface UPlotSeries {
  readonly label: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** Its text in the legend; `index` is null while the cursor is elsewhere. */
  readonly value?: (chart: UPlot, value: number | null, series: number, index: number | null) => string;
}

/** An axis. */
export interface UPlotAxis {
  readonly label?: string;
  readonly labelSize?: number;
  readonly labelFont?: string;
  readonly font?: string;
  readonly stroke: string;
  readonly grid: { readonly stroke: string; readonly width: number };
  readonly ticks: { readonly stroke: string; readonly width: number };
  readonly size?: number;
  readonly values?: (chart: UPlot, values: readonly number[]) => string[];
  readonly incrs?: readonly number[];
}

/** Settings of a chart. */
export interface UPlotOptions {
  readonly width: number;
  readonly height: number;
  readonly series: readonly UPlotSeries[];
  readonly axes: readonly UPlotAxis[];
  readonly scales: Readonly<Record<string, { readonly time: boolean }>>;
  readonly legend: { readonly live: boolean };
  readonly cursor?: unknown;
}

/** Draws a chart into an element. */
export function createUPlot(options: UPlotOptions, data: AlignedData, root: HTMLElement): UPlot {
  const { uPlot } = globalThis as unknown as {
    uPlot: new (options: UPlotOptions, data: AlignedData, root: HTMLElement) => UPlot;
  };
  return new uPlot(options, data, root);
}

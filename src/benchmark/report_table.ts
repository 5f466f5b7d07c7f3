/**
 * Tables of benchmark reports, and numbers in them.
 *
 * @module
 */
import type { Timing } from "../tuning/timing.ts";
import type { Speed } from "./calibration.ts";
import type { ImageRate } from "./data_pipeline.ts";
import type { NetworkShape } from "./network_bench.ts";
import type { PeerTiming } from "./network_speed.ts";

/** A table with a title: the first column aligned to the left, all others to the right. */
export function table(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    `  ${
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join(
        "  ",
      )
    }`.trimEnd();
  return [title, line(header), ...rows.map(line), ""].join("\n");
}

/** A network and its batch in words. */
export function shapeName({ filters, size, batch }: NetworkShape): string {
  return `${filters} filters, ${size} px, batch ${batch}`;
}

/** Best and median in milliseconds. */
export function milliseconds({ best, median }: Timing): string {
  const digits = best < 0.1 ? 1 : 0;
  return `${(1000 * best).toFixed(digits)} / ${(1000 * median).toFixed(digits)}`;
}

/** Best and median GFLOPS. */
export function speeds({ best, median }: Speed): string {
  return `${best.toFixed(1)} / ${median.toFixed(1)}`;
}

/** Best and median images per second. */
export function rates({ best, median }: ImageRate): string {
  return `${best.toFixed(0)} / ${median.toFixed(0)}`;
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Bytes in GiB. */
export function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(3);
}

/** A ratio of bests and one of medians. */
export function ratio({ best, median }: PeerTiming["ratio"]): string {
  return `${best.toFixed(2)} / ${median.toFixed(2)}`;
}

/**
 * Memory of training as text.
 *
 * @module
 */
import type { LowMemory } from "./low_memory.ts";
import type { Memory } from "./memory.ts";
import { gibibytes, milliseconds, shapeName, table } from "./report_table.ts";

/** Memory of training by size and batch. */
export function renderMemory(filters: number, memory: readonly Memory[]): string {
  const batches = [...new Set(memory.map(({ batch }) => batch))];
  const sizes = [...new Set(memory.map(({ size }) => size))];
  const wasMeasured = memory.some(({ measured }) => measured !== null);
  const rows = sizes.flatMap((size) => {
    const cells = (what: "planned" | "measured", low: boolean) =>
      batches.map((batch) => {
        const entry = memory.find((entry) => entry.size === size && entry.batch === batch);
        const use = low ? entry?.low : entry;
        const bytes = use?.[what] ?? null;
        if (!use || bytes === null) return "-";
        return what === "planned" && use.microBatches > 1
          ? `${gibibytes(bytes)}/${use.microBatches}`
          : gibibytes(bytes);
      });
    const rows = (title: string, low: boolean) => {
      const planned = [`${title}planned`, ...cells("planned", low)];
      return wasMeasured ? [planned, ["  allocated", ...cells("measured", low)]] : [planned];
    };
    return [...rows(`${size} px, `, false), ...rows("  memory low, ", true)];
  });
  const refusals = memory.filter(({ refusal }) => refusal !== null)
    .map(({ size, batch, refusal }) => `  ${size} px, batch ${batch}: ${refusal}\n`);
  const header = ["", ...batches.map((batch) => `batch ${batch}`)];
  const title = `memory of training, ${filters} filters, GiB (/2: in 2 micro-batches${
    wasMeasured ? "; allocated: up to 2 GiB" : ""
  })`;
  return table(title, header, rows) +
    refusals.join("");
}

/** What the setting `memory low` saves and costs. */
export function renderLow({ uses, ratio, ...shape }: LowMemory): string {
  const rows = Object.entries(uses).map(([use, { byteLength, microBatches, step }]) => [
    `memory ${use}`,
    gibibytes(byteLength),
    `${microBatches}`,
    milliseconds(step),
    `${step.runs}`,
  ]);
  return table(
    `memory and time (${shapeName(shape)}; best / median)`,
    ["", "allocated GiB", "micro-batches", "step ms", "runs"],
    rows,
  ) + `  low takes ${ratio.memory.toFixed(2)} times the memory and ${ratio.best.toFixed(2)} / ` +
    `${ratio.median.toFixed(2)} times the time\n`;
}

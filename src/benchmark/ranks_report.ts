/**
 * Scaling over ranks as text.
 *
 * @module
 */
import { describeAdapters } from "../ranks/share.ts";
import { EFFICIENCY, networkNeeds, type RankRow, type RankScaling } from "./ranks.ts";
import { percent, shapeName, table } from "./report_table.ts";

/** Scaling over ranks, and the network that ranks on other machines would need. */
export function renderRanks(scaling: RankScaling): string {
  const { rows, adapters } = scaling;
  const share = (seconds: number, { step }: RankRow) => percent(seconds / step);
  const header = ["ranks", "step ms", "images / s", "speedup", "exchange ms", "share", "waiting ms", "share"];
  const cells = rows.map((row) => [
    `${row.ranks}`,
    (1000 * row.step).toFixed(1),
    (scaling.batch / row.step).toFixed(1),
    row.speedup.toFixed(2),
    (1000 * row.exchanging).toFixed(1),
    share(row.exchanging, row),
    (1000 * row.waiting).toFixed(1),
    share(row.waiting, row),
  ]);
  const last = rows.at(-1)!;
  return [
    table(`ranks on this machine (${shapeName(scaling)} for all ranks together; medians)`, header, cells),
    `  ${describeAdapters(adapters)}\n`,
    last.ranks === 1 ? "" : renderNeeds(scaling, last),
  ].join("");
}

/** Numbers of ranks whose network is computed. */
const NETWORK_RANKS = [8, 64, 512];

function renderNeeds({ batch, gradientBytes }: RankScaling, row: RankRow): string {
  const step = row.step - row.waiting - row.exchanging;
  const needs = networkNeeds({ step, host: row.exchanging, bytes: gradientBytes }, NETWORK_RANKS);
  const what =
    `${percent(EFFICIENCY)} of the throughput per rank, with ${batch / row.ranks} images each and ` +
    `${(gradientBytes / 1e6).toFixed(1)} MB of gradients`;
  if (needs.some(({ bitsPerSecond }) => bitsPerSecond === Infinity)) {
    return `  no network allows ${what}: the exchange within this machine takes too long already\n`;
  }
  const rates = needs.map(({ ranks, bitsPerSecond }) =>
    `${ranks} ranks ${(bitsPerSecond / 1e9).toFixed(2)} Gbit/s`
  );
  return `  network for ${what}: ${rates.join(", ")}\n`;
}

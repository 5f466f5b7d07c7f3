/**
 * The log of a resumed run must tell what its checkpoint went through: every finished epoch once, in order.
 *
 * @module
 */
import { RUN_FILES } from "../fs/layout.ts";
import type { Metrics } from "../tracking/backend.ts";
import { type EpochRecord, readLogLines, writeRunLog } from "../tracking/run_log.ts";
import type { RunProgress } from "./checkpoint.ts";

/** Names of metrics that tell how long an epoch took, which a checkpoint does not keep. */
const TIMES = ["seconds", "samples_per_second"];

/**
 * Compares the log of a run with its checkpoint and repairs it from there: lines that are missing, damaged, doubled, out
 * of order, or of other numbers. Returns the metrics of all finished epochs, except times. One line more than the
 * checkpoint has epochs is that of a process that was killed between the two.
 *
 * @throws {Error} if a checkpoint of an earlier version, which does not keep metrics, is contradicted, unless forced.
 */
export async function reconcileLog(
  folder: string,
  { epoch: epochs, history }: Pick<RunProgress, "epoch" | "history">,
  { force, onNote }: { force?: boolean | undefined; onNote?: ((message: string) => void) | undefined },
): Promise<readonly Metrics[]> {
  const lines = await readLogLines(folder);
  // A torn last line is what a crash leaves.
  if (lines.at(-1) === null) lines.pop();
  const faults: string[] = [];
  const records: EpochRecord[] = [];
  const known: Metrics[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const found = lines.filter((line) => line?.epoch === epoch) as EpochRecord[];
    const expected = history?.[epoch - 1];
    const record = found.find(({ metrics }) => expected === undefined || agrees(metrics, expected));
    if (record === undefined) {
      faults.push(`epoch ${epoch} ${found.length === 0 ? "is missing" : "has other numbers"}`);
    } else if (found.length > 1) faults.push(`epoch ${epoch} is there ${found.length} times`);
    const metrics = asNumbers(record?.metrics ?? expected ?? {});
    if (Object.keys(metrics).length > 0) {
      records.push(record ?? { epoch, time: new Date(), metrics });
    }
    known.push(withoutTimes(metrics));
  }
  const later = lines.slice(epochs).filter((line) => line === null || line.epoch > epochs);
  if (faults.length === 0) {
    const inOrder = lines.slice(0, epochs).every((line, index) => line?.epoch === index + 1);
    if (!inOrder) faults.push("its lines are damaged or out of order");
    else if (later.length > 1) faults.push(`it has ${later.length} more epochs`);
    else return known;
  }
  const what = `${faults.slice(0, 3).join(", ")}${faults.length > 3 ? ` and ${faults.length - 3} more` : ""}`;
  if (history === undefined && !force && records.length < epochs) {
    throw new Error(
      `Cannot resume ${folder}: its ${RUN_FILES.metrics} contradicts the checkpoint of epoch ${epochs}: ${what}\n` +
        `hint: put the intact ${RUN_FILES.metrics} back, or resume with what is left of it with --force`,
    );
  }
  await writeRunLog(folder, records);
  onNote?.(
    `${folder}/${RUN_FILES.metrics} contradicted the checkpoint of epoch ${epochs} and was repaired: ${what}`,
  );
  return known;
}

/** Whether a line has the numbers of the checkpoint; undefined ones are null there. */
function agrees(metrics: Metrics, expected: Metrics): boolean {
  return Object.entries(asNumbers(expected)).every(([name, value]) => Object.is(metrics[name], value));
}

function asNumbers(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? NaN]));
}

function withoutTimes(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !TIMES.includes(name)));
}

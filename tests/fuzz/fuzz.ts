/**
 * `deno task fuzz`: damages files of every format that the project reads, and counts how each reader answers.
 *
 * A seed and a format give the same inputs on every machine; those of a format do not depend on the others.
 *
 * @module
 */
import { type Command, Option } from "commander";
import {
  createCommand,
  EXIT,
  ExitError,
  integer,
  main,
  writeStderr,
  writeStdout,
} from "../../src/cli/task.ts";
import { closeDecoders } from "../../src/image/decode.ts";
import { Random } from "../support/random.ts";
import { type FormatName, FORMATS, type Prepared } from "./formats.ts";

/** How the reader of a format answered. */
interface Counts {
  inputs: number;
  /** Refused with an error of this project. */
  refused: number;
  /** Read with the content of the undamaged file: the damage hit what does not matter. */
  same: number;
  /** Read with other content. */
  changed: number;
  /** Of these, in formats whose checksums cover the content. */
  silent: number;
  /** Errors of the runtime, by class and beginning, with the index of the first input. */
  raw: Record<string, { count: number; first: number }>;
  slowestMs: number;
  slowest: number;
  /** Memory of the process above that before the format, at most. */
  memoryMiB: number;
}

interface Flags {
  readonly inputs: number;
  readonly seed: number;
  readonly format?: FormatName;
  readonly only?: number;
  readonly json?: true;
}

const MIB = 2 ** 20;

/** The command. */
export function command(): Command {
  return createCommand(
    "fuzz",
    "Damages files of every format, and counts per format what was refused, read, slow, or failed with an error of the " +
      "runtime. Exits with 1 after such an error, or if damage that a checksum covers was read.",
  )
    .option("--inputs <count>", "inputs of all formats together", integer(1, 100_000_000), 100_000)
    .option("--seed <number>", "what the damage is drawn from", integer(0), 1)
    .addOption(new Option("--format <name>", "only this format").choices(Object.keys(FORMATS)))
    .option("--only <index>", "only the input of this index, to repeat a failure", integer(0))
    .option("--json", "print the counts as one JSON document")
    .action(fuzz);
}

async function fuzz({ inputs, seed, format, only, json }: Flags): Promise<void> {
  const names = format === undefined ? Object.keys(FORMATS) as FormatName[] : [format];
  const perFormat = Math.ceil(inputs / names.length);
  const results: Record<string, Counts> = {};
  for (const name of names) {
    const prepared = await FORMATS[name]();
    try {
      const [from, to] = only === undefined ? [0, perFormat] : [only, only + 1];
      results[name] = await fuzzFormat(prepared, seed, from, to);
    } finally {
      await prepared.close?.();
    }
    if (!json) writeStdout(describe(name, results[name]!));
  }
  await closeDecoders();
  if (json) writeStdout(`${JSON.stringify({ seed, formats: results }, null, 2)}\n`);
  const all = Object.values(results);
  const failures = all.filter(({ raw, silent }) => silent > 0 || Object.keys(raw).length > 0);
  const total = all.reduce((sum, counts) => sum + counts.inputs, 0);
  writeStderr(`${total} inputs of ${all.length} formats, seed ${seed}\n`);
  if (failures.length > 0) throw new ExitError(EXIT.failed);
}

async function fuzzFormat(
  { damage, read, checked }: Prepared,
  seed: number,
  from: number,
  to: number,
): Promise<Counts> {
  const counts: Counts = {
    ...{ inputs: 0, refused: 0, same: 0, changed: 0, silent: 0, raw: {} },
    ...{ slowestMs: 0, slowest: from, memoryMiB: 0 },
  };
  const before = Deno.memoryUsage().rss;
  for (let index = from; index < to; index++) {
    const bytes = await damage(new Random(seed * 1_000_003 + index));
    const start = performance.now();
    try {
      const same = await read(bytes);
      counts[same ? "same" : "changed"]++;
      if (!same && checked) counts.silent++;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (isOwn(failure)) counts.refused++;
      else {
        const kind = `${failure.name}: ${failure.message.split("\n")[0]!.slice(0, 60)}`;
        counts.raw[kind] = {
          count: (counts.raw[kind]?.count ?? 0) + 1,
          first: counts.raw[kind]?.first ?? index,
        };
      }
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > counts.slowestMs) [counts.slowestMs, counts.slowest] = [milliseconds, index];
    counts.inputs++;
    if (index % 100 === 0) {
      counts.memoryMiB = Math.max(counts.memoryMiB, (Deno.memoryUsage().rss - before) / MIB);
    }
  }
  return counts;
}

/** Whether an error is one of this project: its message says what cannot be done. Some of the runtime's begin so, too. */
function isOwn({ name, message }: Error): boolean {
  return ["Error", "SyntaxError", "TypeError", "RangeError"].includes(name) &&
    /^(Cannot|Invalid) /.test(message) && !RUNTIME.test(message);
}

const RUNTIME =
  /^(Cannot (read|set) propert|Cannot (destructure|convert|mix|access) |Invalid (array|typed array|string) length)/;

function describe(name: string, counts: Counts): string {
  const { inputs, refused, same, changed, silent, raw, slowestMs, slowest, memoryMiB } = counts;
  const lines = Object.entries(raw).map(([kind, { count, first }]) =>
    `  raw error ${count} times, first at --format ${name} --only ${first}: ${kind}\n`
  );
  return `${
    name.padEnd(12)
  } ${inputs} inputs: ${refused} refused, ${same} read, ${changed} read with other content ` +
    `(${silent} in spite of a checksum); slowest ${slowestMs.toFixed(0)} ms (${slowest}), ` +
    `memory +${memoryMiB.toFixed(0)} MiB\n${lines.join("")}`;
}

if (import.meta.main) await main(command());

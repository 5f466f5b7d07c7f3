/**
 * Times work that takes turns, so that other load on the machine slows all contestants down alike.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { median } from "../math.ts";

/** Seconds per repetition of some work. */
export interface Timing {
  /** Number of measurements. */
  readonly runs: number;
  /** The shortest, closest to a quiet machine. */
  readonly best: number;
  /** The median. */
  readonly median: number;
}

/** Work to be timed. */
export interface Contestant {
  /** Does the work and returns the seconds of one repetition. */
  run(): Promise<number>;
}

/** How long contestants take turns. */
export interface TurnOptions {
  /** Seconds after which no new round begins. */
  readonly seconds: number;
  /** Minimum number of rounds; defaults to 3. */
  readonly least?: number;
  /** Maximum number of rounds; defaults to 25. */
  readonly most?: number;
}

/** Best and median of measured seconds; throws a RangeError if there are none. */
export function summarize(seconds: readonly number[]): Timing {
  if (seconds.length === 0) throw new RangeError("Cannot summarize times: nothing was measured");
  return { runs: seconds.length, best: Math.min(...seconds), median: median(seconds) };
}

/** Runs every contestant once per round, in order, and returns their times in that order. */
export async function takeTurns(
  contestants: readonly Contestant[],
  { seconds, least = 3, most = 25 }: TurnOptions,
): Promise<Timing[]> {
  const times = contestants.map((): number[] => []);
  const start = performance.now();
  for (let round = 0; round < most; round++) {
    if (round >= least && performance.now() - start > 1000 * seconds) break;
    for (const [index, contestant] of contestants.entries()) times[index]!.push(await contestant.run());
  }
  return times.map(summarize);
}

/** Work that is repeated within a measurement, because waiting for the device takes milliseconds itself. */
export interface Repetition extends Contestant {
  /** Repetitions per measurement. */
  readonly times: number;
  /** Seconds of the very first repetition, which compiles kernels. */
  readonly firstSeconds: number;
}

/** A measurement is long enough from this share of the requested seconds on. */
const LONG_ENOUGH = 0.7;

/**
 * Warms work up and determines how often to repeat it so that one measurement takes about `seconds`.
 *
 * @param work does the work `times` times, then waits for its end
 */
export async function repeat(work: (times: number) => Promise<void>, seconds: number): Promise<Repetition> {
  const measure = async (times: number) => {
    const start = performance.now();
    await work(times);
    return (performance.now() - start) / 1000;
  };
  const firstSeconds = await measure(1);
  let times = 1;
  let taken = await measure(times);
  while (taken < LONG_ENOUGH * seconds) {
    // By a factor of 16 at most: a short measurement is mostly waiting and predicts badly.
    times = Math.ceil(times * Math.min(16, seconds / taken));
    taken = await measure(times);
  }
  return { times, firstSeconds, run: async () => await measure(times) / times };
}

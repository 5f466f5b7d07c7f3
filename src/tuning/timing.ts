/**
 * Times of work that takes turns: whatever else the machine does then meets all contestants alike.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Seconds of one repetition of some work. */
export interface Timing {
  /** How often it was measured. */
  readonly runs: number;
  /** The least, which a quiet machine gives. */
  readonly best: number;
  /** The middle one. */
  readonly median: number;
}

/** Something to be timed. */
export interface Contestant {
  /** Does the work and returns the seconds of one repetition. */
  run(): Promise<number>;
}

/** How long contestants take turns. */
export interface TurnOptions {
  /** Seconds after which no new round begins. */
  readonly seconds: number;
  /** Rounds at least; 3. */
  readonly least?: number;
  /** Rounds at most; 25. */
  readonly most?: number;
}

/** Best and median of some seconds. @throws {RangeError} where there are none. */
export function summarize(seconds: readonly number[]): Timing {
  if (seconds.length === 0) throw new RangeError("Cannot summarize times: nothing was measured");
  const sorted = seconds.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { runs: sorted.length, best: sorted[0]!, median };
}

/** Lets every contestant run once a round, in order; the times in the same order. */
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

/** Work that is repeated within a measurement, because waiting for the device costs some milliseconds itself. */
export interface Repetition extends Contestant {
  /** Repetitions of one measurement. */
  readonly times: number;
  /** Seconds of the very first repetition, which compiles kernels. */
  readonly firstSeconds: number;
}

/** A measurement is long enough from this share of what was asked for. */
const LONG_ENOUGH = 0.7;

/**
 * Warms work up and finds how often to repeat it so that one measurement takes about `seconds`.
 *
 * @param work does the work so many times and waits for its end once
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
    // At most 16 times as often: a short measurement is mostly waiting and foretells badly.
    times = Math.ceil(times * Math.min(16, seconds / taken));
    taken = await measure(times);
  }
  return { times, firstSeconds, run: async () => await measure(times) / times };
}

/**
 * Times the candidates of every class of shapes on a device. They take turns, so that other load on the machine
 * slows all of them down alike.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { RecordedStep } from "../graph/recorder.ts";
import { planTarget } from "../layers/plan_target.ts";
import { admissionOf } from "../self_test/admission.ts";
import { contestsOf } from "./contests.ts";
import { Standalone } from "./standalone.ts";
import { repeat, takeTurns, type Timing } from "./timing.ts";

/** Default time limit in seconds. */
export const TUNE_SECONDS = 10;

/** Default seconds of one measurement. */
const MEASUREMENT = 0.08;

/** Rounds per class: at least, and by default at most. */
const ROUNDS = { least: 3, most: 7 };

/** A candidate replaces the default if its best and its median time are below this share of the default's. */
const CLEARLY = 0.95;

/** A class is not begun with fewer seconds left: compiling its candidates may take as long. */
const ENOUGH = 0.5;

/** The result of one class. */
export interface TunedClass {
  /** The class, such as `conv3x3/thin`. */
  readonly name: string;
  /** The candidates that passed their self-tests, the default first, and the seconds that each took. */
  readonly candidates: readonly { readonly variant: string; readonly seconds: Timing }[];
  /** The chosen variant. */
  readonly chosen: string;
}

/** The result of tuning. */
export interface Tuning {
  /** The choices of the classes that were timed. */
  readonly choices: KernelChoices;
  /** The classes with more than one candidate. */
  readonly classes: readonly TunedClass[];
  /** Variants that failed their self-tests and were therefore not timed. */
  readonly failed: readonly string[];
  /** Classes that no time was left for; they keep their defaults. */
  readonly left: readonly string[];
  /** Seconds in all. */
  readonly seconds: number;
}

/** Options of {@linkcode tuneKernels}. */
export interface TuneOptions {
  /** Seconds after which no class is begun; defaults to 10. */
  readonly seconds?: number | undefined;
  /** Seconds of one measurement; defaults to 0.08, of which waiting for the device takes 0.01. */
  readonly measurement?: number | undefined;
  /** Rounds per class at most; defaults to 7. */
  readonly rounds?: number | undefined;
  /** Factor on the size of the samples; defaults to 1 on software and 16 on hardware. */
  readonly scale?: number | undefined;
  /** Called with the name of each class before it is timed. */
  readonly onClass?: ((name: string) => void) | undefined;
}

/**
 * Times the candidates of every class that pass their self-tests on this device, and chooses the fastest if it is
 * clearly faster than the default. The choices of the device stay unchanged.
 *
 * @throws {Error} if the device fails.
 */
export async function tuneKernels(
  gpu: Gpu,
  { seconds = TUNE_SECONDS, measurement = MEASUREMENT, rounds = ROUNDS.most, scale, onClass }: TuneOptions =
    {},
): Promise<Tuning> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const choices: Record<string, string> = {};
  const classes: TunedClass[] = [];
  const failed = new Set<string>();
  const left: string[] = [];
  const contests = contestsOf(gpu, scale);
  const admission = admissionOf(gpu);
  for (const [index, { name, operation, candidates, record }] of contests.entries()) {
    const share = (seconds - elapsed()) / (contests.length - index);
    if (seconds - elapsed() < ENOUGH) {
      left.push(name);
      continue;
    }
    onClass?.(name);
    const admitted: string[] = [];
    for (const variant of candidates) {
      // A self-test may compile kernels, which may take all the time that is left.
      if (seconds < elapsed()) break;
      const facts = operation.variants[variant]!;
      if (await admission.passes(variant, facts)) admitted.push(variant);
      // What the device lacks fails no test.
      else if (gpu.has(facts.needs)) failed.add(variant);
    }
    if (seconds < elapsed()) {
      left.push(name);
      continue;
    }
    if (admitted.length < 2) {
      // A single candidate needs no timing.
      if (admitted.length === 1) choices[name] = admitted[0]!;
      continue;
    }
    const target = planTarget(gpu);
    const timed = await timeInTurns(
      gpu,
      admitted.map((variant) =>
        record({ ...target, choices: { ...target.choices, ...choices, [name]: variant } })
      ),
      { measurement, seconds: share, least: ROUNDS.least, most: rounds },
    );
    const results = admitted.map((variant, place) => ({ variant, seconds: timed[place]! }));
    choices[name] = fastest(results);
    classes.push({ name, candidates: results, chosen: choices[name] });
  }
  return { choices, classes, failed: [...failed], left, seconds: elapsed() };
}

/** The fastest of the candidates that are clearly faster than the first, the default, or else the default. */
export function fastest(candidates: TunedClass["candidates"]): string {
  const [first, ...others] = candidates;
  const limit = first!.seconds;
  const better = others.filter(({ seconds: { best, median } }) =>
    best < CLEARLY * limit.best && median < CLEARLY * limit.median
  );
  return better.reduce((a, b) => b.seconds.best < a.seconds.best ? b : a, first!).variant;
}

async function timeInTurns(
  gpu: Gpu,
  candidates: readonly (readonly RecordedStep[])[],
  { measurement, seconds, ...rounds }: { measurement: number; seconds: number; least: number; most: number },
): Promise<Timing[]> {
  const start = performance.now();
  const programs: Standalone[] = [];
  try {
    const contestants = [];
    for (const steps of candidates) {
      const program = await Standalone.create(gpu, steps);
      programs.push(program);
      contestants.push(await repeat((times) => program.run(times), measurement));
    }
    const rest = seconds - (performance.now() - start) / 1000;
    return await takeTurns(contestants, { seconds: rest, ...rounds });
  } finally {
    for (const program of programs) program.destroy();
  }
}

/**
 * The protocol of a peer in the speed tables: a process that warms up, reports, and then does one piece of work per line
 * that it reads. `src/benchmark/peer_process.ts` is the client; `torch_step.py --serve` speaks it, too.
 *
 * Output is one JSON document per line: first `{"ready": NAME, "work": ["forward", "step"]}`, then `{"seconds": 0.25}` for
 * each line read: `forward`, `predict` (from values to probabilities in the host's memory) or `step`. The end of standard input ends the process.
 *
 * @module
 */

/** The work that a peer can do; each resolves when its result has been computed. */
export type Work = Partial<Record<"forward" | "predict" | "step", () => Promise<unknown>>>;

/** Warm-up repetitions: the first compiles, the second may still allocate. */
const WARM_UPS = 2;

const encoder = new TextEncoder();

/** The arguments of a peer: FILTERS SIZE BATCH THREADS. */
export function peerArguments(): { filters: number; size: number; batch: number; threads: number } {
  const [filters, size, batch, threads] = Deno.args.map(Number);
  return { filters: filters!, size: size!, batch: batch!, threads: threads! };
}

/** Warms up, reports that it is ready, and works until standard input ends. */
export async function serve(name: string, work: Work): Promise<never> {
  for (const repetition of Object.values(work)) {
    for (let i = 0; i < WARM_UPS; i++) await repetition();
  }
  answer({ ready: name, work: Object.keys(work) });
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const repetition = work[line as keyof Work];
      if (repetition === undefined) {
        throw new RangeError(`Cannot do "${line}": expected one of ${Object.keys(work)}`);
      }
      const start = performance.now();
      await repetition();
      answer({ seconds: (performance.now() - start) / 1000 });
    }
  }
  Deno.exit(0);
}

function answer(document: unknown): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(document)}\n`));
}

/** Imports a package by a specifier that tools do not see: peers are not dependencies and not in the lock file. */
export async function importPeer<Module>(specifier: string): Promise<Module> {
  return await import(specifier) as Module;
}

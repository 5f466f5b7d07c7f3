/**
 * How a peer of the speed tables is asked: a process that gets ready, says so, and then does one piece of work for
 * each line that it reads. `src/benchmark/peer_process.ts` asks; `torch_step.py --serve` answers likewise.
 *
 * Written are JSON documents, one a line: first `{"ready": NAME, "work": ["forward", "step"]}`, then for every line
 * read, `forward` or `step`, `{"seconds": 0.25}`. The end of standard input ends the process.
 *
 * @module
 */

/** What a peer can do; each resolves when its result is there. */
export type Work = Partial<Record<"forward" | "step", () => Promise<unknown>>>;

/** Repetitions before a peer is ready: the first compiles, the second may still allocate. */
const WARM_UPS = 2;

const encoder = new TextEncoder();

/** The arguments of a peer: FILTERS SIZE BATCH THREADS. */
export function peerArguments(): { filters: number; size: number; batch: number; threads: number } {
  const [filters, size, batch, threads] = Deno.args.map(Number);
  return { filters: filters!, size: size!, batch: batch!, threads: threads! };
}

/** Warms the work up, says that it is ready, and works until standard input ends. */
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
      if (repetition === undefined) throw new RangeError(`Cannot do "${line}": expected forward or step`);
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

/** Imports a package by a specifier that no tool sees: peers are no dependency of this project, nor in its lock. */
export async function importPeer<Module>(specifier: string): Promise<Module> {
  return await import(specifier) as Module;
}

/**
 * The figures of a run's folder. A run without them is as good: what cannot be drawn is a note.
 *
 * @module
 */
import { evaluationNames, RUN_FILES } from "../fs/layout.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { readRunLog } from "../tracking/run_log.ts";
import type { BestFigureRecords } from "./best_figure.ts";
import type { RunProgress } from "./checkpoint.ts";

/** Seconds of training for a second of drawing, and at least between two drawings. */
const RATIO = 100, LEAST_SECONDS = 10;

/** Draws the figures of a run. */
export class RunFigures {
  readonly #folder: string;
  readonly #note: (message: string) => void;
  #nextAt = performance.now() + 1000 * LEAST_SECONDS;

  /** `onNote` receives lines for the user. */
  constructor(folder: string, onNote: (message: string) => void = () => {}) {
    this.#folder = folder;
    this.#note = onNote;
  }

  /** Draws the curves so far, now and then: a run that is killed leaves them. */
  async updateCurves(progress: RunProgress): Promise<void> {
    const started = performance.now();
    if (started < this.#nextAt) return;
    await this.curves(progress);
    const now = performance.now();
    this.#nextAt = now + Math.max(1000 * LEAST_SECONDS, RATIO * (now - started));
  }

  /** Draws the curves. */
  curves({ best }: RunProgress): Promise<void> {
    return this.#attempt(RUN_FILES.curves, async () => {
      const epochs = await readRunLog(this.#folder);
      if (epochs.length === 0) return;
      // Fonts and ImageMagick are loaded by runs that draw.
      const { writeCurves } = await import("./curves.ts");
      await writeCurves(this.#folder, epochs, best?.epoch ?? null);
    });
  }

  /** Draws the best epoch's predictions. */
  best(gpu: Gpu, progress: RunProgress, records: BestFigureRecords): Promise<void> {
    return this.#attempt(evaluationNames("valid").predictions, async () => {
      const { recordBestFigure } = await import("./best_figure.ts");
      await recordBestFigure(gpu, this.#folder, progress, records);
    });
  }

  async #attempt(name: string, draw: () => Promise<void>): Promise<void> {
    try {
      await draw();
    } catch (error) {
      this.#note(`${name} is not drawn: ${(error as Error).message.split("\n")[0]}`);
    }
  }
}

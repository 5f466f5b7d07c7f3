/**
 * Training epoch by epoch, with validation, records and a checkpoint after each.
 *
 * @module
 */
import type { Metrics } from "../tracking/sink.ts";
import type { Tracker } from "../tracking/tracker.ts";
import type { PartialEpoch, RunProgress } from "./checkpoint.ts";
import type { TrainData } from "./data.ts";
import { nextStopping, shouldStop } from "./early_stopping.ts";
import { emptySums, epochMetrics, type MetricSums } from "./epoch_metrics.ts";
import type { PassProgress, TrainCallbacks } from "./events.ts";
import { epochSeconds } from "./measure.ts";
import { Pace } from "./pace.ts";
import { runPass } from "./pass.ts";
import { keepCheckpoint } from "./run_folder.ts";
import { learningRateAt, nextPlateau } from "./schedule.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

/** What epochs need. */
export interface EpochsOptions {
  /** The run's folder. */
  readonly folder: string;
  /** In the state that the progress speaks of. */
  readonly trainer: Trainer;
  /** The splits. */
  readonly data: TrainData;
  /** The run's records. */
  readonly tracker: Tracker;
  /** Ends the training at the next batch; what was done is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between two waits for the device, where memory allows. */
  readonly readEverySeconds: number;
  /** Who is told. */
  readonly callbacks: TrainCallbacks;
}

/** Trains the epochs that are left. */
export class Epochs {
  readonly #options: EpochsOptions;
  readonly #trainPace: Pace;
  readonly #validPace: Pace;
  #progress: RunProgress;
  #estimated = false;
  /** What was kept last, as large as the checkpoint's file; the next one takes its memory. */
  #state: TrainerState | undefined;

  /** Goes on from `progress`. */
  constructor(progress: RunProgress, options: EpochsOptions) {
    this.#progress = progress;
    this.#options = options;
    const { batchSize, size } = progress.config;
    // Three channels of an image and one of its mask.
    const batchByteLength = batchSize * 4 * size * size * 4;
    this.#trainPace = new Pace(options.readEverySeconds, batchByteLength);
    this.#validPace = new Pace(options.readEverySeconds, batchByteLength);
  }

  /** Where the run stands. */
  get progress(): RunProgress {
    return this.#progress;
  }

  /** Whether early stopping ended the run, or would. */
  get stopped(): boolean {
    return shouldStop(this.#progress.stopping, this.#progress.config.patience);
  }

  /** Trains to the end, or to where the signal stops it; returns whether it came to the end. */
  async run(): Promise<boolean> {
    while (this.#progress.epoch < this.#progress.config.epochs && !this.stopped) {
      const partial = await this.#epoch();
      if (partial) {
        await this.#keep({ ...this.#progress, partial });
        return false;
      }
    }
    return true;
  }

  /** Trains and validates one epoch; where it was stopped, returns what was done of it. */
  async #epoch(): Promise<PartialEpoch | null> {
    const { trainer, tracker, data, callbacks } = this.#options;
    const { config, partial: begun, stopping, plateau } = this.#progress;
    const epoch = this.#progress.epoch + 1;
    const sums = begun ? { ...begun.sums } : emptySums();
    const started = performance.now();
    const seconds = () => (begun?.seconds ?? 0) + (performance.now() - started) / 1000;
    const partial = (trainSeconds: number) => ({ batches: sums.batches, sums, seconds: trainSeconds });

    const trained = await this.#train(epoch, sums);
    const trainSeconds = seconds();
    if (!trained) return partial(trainSeconds);
    const valid = emptySums();
    if (!await trainer.withAverage(() => this.#validate(epoch, valid))) return partial(trainSeconds);

    const numbers: Metrics = {
      ...epochMetrics("train", sums),
      ...epochMetrics("valid", valid),
      learning_rate: trainer.learningRate,
    };
    const metrics = { ...numbers, seconds: seconds(), samples_per_second: data.train.samples / trainSeconds };
    const loss = numbers["valid/loss"]!;
    const next = nextStopping(stopping, epoch, loss);
    const best = next.bestEpoch === epoch;
    // The log comes before the checkpoint: a run that is killed between the two writes this line anew.
    await tracker.epoch(epoch, metrics);
    await this.#keep({
      ...this.#progress,
      epoch,
      partial: null,
      stopping: next,
      plateau: nextPlateau(plateau, loss),
      best: best ? { epoch, metrics: numbers, sha256: "" } : this.#progress.best,
    });
    callbacks.onEpoch?.({ epoch, epochs: config.epochs, metrics, best, stale: next.stale });
    return null;
  }

  async #train(epoch: number, sums: MetricSums): Promise<boolean> {
    const { trainer, data, signal } = this.#options;
    const { config, plateau } = this.#progress;
    const { batches } = data.train;
    const start = sums.samples;
    this.#tell("train", epoch, sums, start);
    const complete = await runPass(trainer, {
      batches: data.train.read(epoch, sums.batches),
      sums,
      signal,
      enqueue: ({ images, masks }, batch) => {
        trainer.learningRate = learningRateAt(config, { epoch, batch, batches }, plateau);
        return trainer.enqueue(images, masks);
      },
      // Within an accumulation there is nothing to save.
      mayStopAfter: (done) => done % config.accumulate === 0,
      onRead: () => {
        this.#estimate();
        this.#tell("train", epoch, sums, start);
      },
    }, this.#trainPace);
    if (complete) await trainer.flush();
    return complete;
  }

  #validate(epoch: number, sums: MetricSums): Promise<boolean> {
    const { trainer, data, signal } = this.#options;
    this.#tell("valid", epoch, sums, 0);
    return runPass(trainer, {
      batches: data.valid.read(null, 0),
      sums,
      signal,
      enqueue: ({ images, masks }) => trainer.enqueueEvaluation(images, masks),
      mayStopAfter: () => true,
      onRead: () => this.#tell("valid", epoch, sums, 0),
    }, this.#validPace);
  }

  async #keep(progress: RunProgress): Promise<void> {
    const { folder, trainer } = this.#options;
    this.#state = await trainer.state(this.#state);
    const kept = await keepCheckpoint(folder, { progress, trainer: this.#state });
    this.#progress = kept.progress;
  }

  #tell(part: PassProgress["part"], epoch: number, sums: MetricSums, start: number): void {
    const { data, callbacks } = this.#options;
    callbacks.onProgress?.({
      part,
      epoch,
      epochs: this.#progress.config.epochs,
      done: sums.samples,
      start,
      total: data[part].samples,
      loss: sums.loss / sums.samples,
    });
  }

  /** Tells once how long an epoch will take. */
  #estimate(): void {
    const { data, callbacks } = this.#options;
    const seconds = this.#trainPace.secondsPerBatch;
    if (this.#estimated || seconds === null) return;
    this.#estimated = true;
    callbacks.onEstimate?.(epochSeconds(seconds, data));
  }
}

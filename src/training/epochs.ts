/**
 * Training epoch by epoch, with validation, records and a checkpoint after each.
 *
 * @module
 */
import { inputSize } from "../image/input_frame.ts";
import type { Metrics } from "../tracking/backend.ts";
import type { Tracker } from "../tracking/tracker.ts";
import type { BestEpoch, PartialEpoch, RunProgress } from "./checkpoint.ts";
import { anyRank, type Collective, SINGLE_RANK } from "./collective.ts";
import { isSpent } from "./budget.ts";
import { nextStopping, shouldStop } from "./early_stopping.ts";
import { classCount, maskChannels } from "../unet/config.ts";
import { emptySums, epochMetrics, type MetricSums } from "./epoch_metrics.ts";
import type { PassProgress, TrainCallbacks } from "./events.ts";
import { epochSeconds } from "./measure_epoch.ts";
import { Pace } from "./pace.ts";
import { runPass } from "./pass.ts";
import type { RunFigures } from "./run_figures.ts";
import type { SampleImages } from "./sample_images.ts";
import { saveCheckpoint } from "./run_folder.ts";
import { learningRateAt, nextPlateau } from "./schedule.ts";
import { extentsOf, networkConfig } from "./train_config.ts";
import { drawsOf, type TrainData } from "./train_data.ts";
import { validateByWindows } from "./validate_windows.ts";
import type { Trainer } from "./trainer.ts";
import type { TrainerState } from "./trainer_state.ts";

/** What {@linkcode Epochs} needs. */
export interface EpochsOptions {
  /** The run's folder. */
  readonly folder: string;
  /** In the state that the progress describes. */
  readonly trainer: Trainer;
  /** The splits. */
  readonly data: TrainData;
  /** The run's records; null on a rank that keeps none. */
  readonly tracker: Tracker | null;
  /** The ranks that train together, of which the first one writes; defaults to one. */
  readonly collective?: Collective | undefined;
  /** Throws if another process has taken the run over: nothing may be written then. */
  readonly checkLock?: (() => Promise<void>) | undefined;
  /** Stops at the next batch and saves. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between waits for the device, if memory allows. */
  readonly readEverySeconds: number;
  /** Seconds since the run was started; if given, the run ends before its budget does. */
  readonly elapsed?: (() => number) | undefined;
  /** Draws validation samples. */
  readonly samples?: SampleImages | undefined;
  /** Draws the curves while the run lasts. */
  readonly figures?: RunFigures | undefined;
  /** Functions to call. */
  readonly callbacks: TrainCallbacks;
}

/** Trains the remaining epochs. */
export class Epochs {
  readonly #options: EpochsOptions;
  readonly #trainPace: Pace;
  readonly #validPace: Pace;
  #progress: RunProgress;
  #doing = "prepare training";
  #estimated = false;
  /** The last state, as large as a checkpoint's file; the next one reuses its memory. */
  #state: TrainerState | undefined;

  /** Starts at `progress`. */
  constructor(progress: RunProgress, options: EpochsOptions) {
    this.#progress = progress;
    this.#options = options;
    const { batchSize } = progress.config;
    const { width, height } = inputSize(extentsOf(progress.config));
    const network = networkConfig(progress.config);
    const batchByteLength = batchSize * (network.inChannels + maskChannels(network)) * height * width * 4;
    this.#trainPace = new Pace(options.readEverySeconds, batchByteLength);
    this.#validPace = new Pace(options.readEverySeconds, batchByteLength);
  }

  /** The run's progress. */
  get progress(): RunProgress {
    return this.#progress;
  }

  /** What is running, for messages: `train epoch 3`. */
  get doing(): string {
    return this.#doing;
  }

  /** Whether early stopping ends the run, or its time budget. */
  get stopped(): boolean {
    const { stopping, config, budget } = this.#progress;
    return shouldStop(stopping, config.patience) ||
      (this.#options.elapsed !== undefined && budget?.spent === true);
  }

  /** Trains until the end or until the signal stops it; returns whether it reached the end. */
  async run(): Promise<boolean> {
    while (this.#progress.epoch < this.#progress.config.epochs && !this.stopped) {
      const partial = await this.#epoch();
      if (partial) {
        await this.#save({ ...this.#progress, partial });
        return false;
      }
    }
    return true;
  }

  /** Saves that the best model's file is another one now. */
  async nameBest(hashes: Required<Pick<BestEpoch, "sha256" | "plainSha256">>): Promise<void> {
    const { best } = this.#progress;
    if (best !== null) await this.#save({ ...this.#progress, best: { ...best, ...hashes } });
  }

  /** Trains and validates one epoch; if it was stopped, returns what was done of it. */
  async #epoch(): Promise<PartialEpoch | null> {
    const { trainer, tracker, data, samples, figures, callbacks } = this.#options;
    const { config, partial: begun, stopping, plateau } = this.#progress;
    const epoch = this.#progress.epoch + 1;
    const classes = classCount(networkConfig(config));
    const sums = begun ? structuredClone(begun.sums) : emptySums(classes);
    const started = performance.now();
    const seconds = () => (begun?.seconds ?? 0) + (performance.now() - started) / 1000;
    const partial = (trainSeconds: number) => ({ batches: sums.batches, sums, seconds: trainSeconds });

    const trained = await this.#train(epoch, sums);
    const trainSeconds = seconds();
    if (!trained) return partial(trainSeconds);
    const valid = emptySums(classes);
    let drawn: Awaited<ReturnType<SampleImages["draw"]>> = [];
    const validated = await trainer.withAverage(async () => {
      if (!await this.#validate(epoch, valid)) return false;
      const loss = epochMetrics("valid", valid, config.classes)["valid/loss"]!;
      // Here, since the EMA is in place.
      drawn = await samples?.draw(nextStopping(stopping, epoch, loss).bestEpoch === epoch) ?? [];
      return true;
    });
    if (!validated) return partial(trainSeconds);

    const numbers: Metrics = {
      ...epochMetrics("train", sums, config.classes),
      ...epochMetrics("valid", valid, config.classes),
      // Of the epoch's last batch; the trainer's own is another if the run was stopped within validation and resumed.
      learning_rate: this.#rate(epoch, data.train.batches - 1),
    };
    const metrics = {
      ...numbers,
      seconds: seconds(),
      samples_per_second: drawsOf(data.train) / trainSeconds,
    };
    const loss = numbers["valid/loss"]!;
    const next = nextStopping(stopping, epoch, loss);
    const best = next.bestEpoch === epoch;
    await this.#options.checkLock?.();
    // The log is written before the checkpoint: a run that is killed between the two writes this line again.
    await tracker?.epoch(epoch, metrics);
    await this.#save({
      ...this.#progress,
      ...await this.#budgetAfter(epoch, metrics.seconds!),
      epoch,
      partial: null,
      stopping: next,
      plateau: nextPlateau(plateau, loss),
      best: best ? { epoch, metrics: numbers, sha256: "" } : this.#progress.best,
      history: [...this.#progress.history ?? [], numbers],
    });
    if (tracker) await samples?.record(tracker, epoch, drawn, best);
    samples?.passEpoch(metrics.seconds!);
    await figures?.updateCurves(this.#progress);
    callbacks.onEpoch?.({ epoch, epochs: config.epochs, metrics, best, stale: next.stale });
    return null;
  }

  /** Says in the progress whether the budget ends the run with this epoch. */
  async #budgetAfter(epoch: number, seconds: number): Promise<Pick<RunProgress, "budget">> {
    const { budget, config } = this.#progress;
    if (budget === undefined) return {};
    const { spent: _, ...rest } = budget;
    const { elapsed, collective = SINGLE_RANK } = this.#options;
    const mayEnd = elapsed !== undefined && epoch < config.epochs;
    const isLast = mayEnd && isSpent(budget, elapsed(), seconds);
    const ends = mayEnd && collective.size > 1 ? await anyRank(collective, isLast) : isLast;
    return { budget: ends ? { ...rest, spent: true } : rest };
  }

  async #train(epoch: number, sums: MetricSums): Promise<boolean> {
    const { trainer, data } = this.#options;
    const { config } = this.#progress;
    const start = sums.samples;
    this.#doing = `train epoch ${epoch}`;
    this.#report("train", epoch, sums, start);
    const complete = await runPass(trainer, {
      batches: data.train.read(epoch, sums.batches),
      sums,
      shouldStop: () => this.#shouldStop(),
      enqueue: ({ images, masks }, batch) => {
        trainer.learningRate = this.#rate(epoch, batch);
        return trainer.enqueue(images, masks);
      },
      // Within an accumulation the trainer has no state to save.
      mayStopAfter: (done) => done % config.accumulate === 0,
      onRead: () => {
        this.#estimate();
        this.#report("train", epoch, sums, start);
      },
    }, this.#trainPace);
    if (complete) await trainer.flush();
    return complete;
  }

  /** Ranks stop together, at the same batch. */
  #shouldStop(): boolean | Promise<boolean> {
    const { signal, collective = SINGLE_RANK } = this.#options;
    const stops = signal?.aborted ?? false;
    return collective.size === 1 ? stops : anyRank(collective, stops);
  }

  #rate(epoch: number, batch: number): number {
    const { config, plateau } = this.#progress;
    return learningRateAt(config, { epoch, batch, batches: this.#options.data.train.batches }, plateau);
  }

  #validate(epoch: number, sums: MetricSums): Promise<boolean> {
    const { trainer, data } = this.#options;
    this.#doing = `validate epoch ${epoch}`;
    this.#report("valid", epoch, sums, 0);
    const { config: { patch, loss, batchSize } } = this.#progress;
    if (patch !== undefined) {
      return validateByWindows(trainer.unet, {
        images: data.valid.read(null, 0),
        count: data.valid.samples,
        side: patch,
        loss,
        batchSize,
        sums,
        shouldStop: () => this.#shouldStop(),
        onRead: () => this.#report("valid", epoch, sums, 0),
        collective: this.#options.collective,
      });
    }
    return runPass(trainer, {
      batches: data.valid.read(null, 0),
      sums,
      shouldStop: () => this.#shouldStop(),
      enqueue: ({ images, masks }) => trainer.enqueueEvaluation(images, masks),
      mayStopAfter: () => true,
      onRead: () => this.#report("valid", epoch, sums, 0),
    }, this.#validPace);
  }

  async #save(progress: RunProgress): Promise<void> {
    const { folder, trainer, checkLock, collective = SINGLE_RANK } = this.#options;
    if (collective.rank !== 0) {
      this.#progress = progress;
      return;
    }
    await checkLock?.();
    this.#doing = `save epoch ${progress.epoch + (progress.partial ? 1 : 0)}`;
    this.#state = await trainer.state(this.#state);
    const saved = await saveCheckpoint(folder, { progress, trainer: this.#state });
    this.#progress = saved.progress;
  }

  #report(part: PassProgress["part"], epoch: number, sums: MetricSums, start: number): void {
    const { data, callbacks } = this.#options;
    callbacks.onProgress?.({
      part,
      epoch,
      epochs: this.#progress.config.epochs,
      done: sums.samples,
      start,
      total: drawsOf(data[part]),
      loss: sums.loss / sums.samples,
    });
  }

  /** Reports once how long an epoch will take. */
  #estimate(): void {
    const { data, callbacks } = this.#options;
    const seconds = this.#trainPace.secondsPerBatch;
    if (this.#estimated || seconds === null) return;
    this.#estimated = true;
    callbacks.onEstimate?.(epochSeconds(seconds, data));
  }
}

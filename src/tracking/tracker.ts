/**
 * Tracks a run: writes its log first, and from it feeds all backends.
 *
 * No backend receives a host name, a user name, a command line or a path of this machine.
 *
 * @module
 */
import type { Metrics, RunConfig, RunState, TrackedRun, TrackerOptions, TrackingBackend } from "./backend.ts";
import { BACKENDS } from "./backends.ts";
import { RunLog } from "./run_log.ts";
import { serverOrigin } from "./swanlab_client.ts";
import { checkKey, checkRun } from "./swanlab_format.ts";
import { withoutPaths } from "./without_paths.ts";

export type { TrackerOptions } from "./backend.ts";

/**
 * Opens the log and all backends of a run.
 *
 * @throws {RangeError} if SwanLab would not accept a name
 * @throws {TypeError} if the server's host is not an address
 * @throws {Error} if the folder already has a run and `resume` is absent, or `online` has no key
 */
export async function openTracker(options: TrackerOptions): Promise<Tracker> {
  const { runId } = options;
  const onNote = options.onNote ?? (() => {});
  const config = JSON.parse(JSON.stringify(options.config), (_, value) => {
    return typeof value === "string" ? withoutPaths(value) : value;
  }) as RunConfig;
  const run: TrackedRun = {
    runId,
    project: options.project,
    workspace: options.workspace ?? "",
    name: options.name ?? runId,
    description: options.description ?? "",
    config,
    startedAt: options.startedAt,
  };
  checkRun(run);
  const online = options.swanlab === "online" ? options.online ?? { apiKey: "" } : null;
  if (online?.apiKey === "") {
    throw new Error(
      "Cannot track with SwanLab online: there is no API key\n" +
        "hint: set SWANLAB_API_KEY to the key of your SwanLab settings page, or use --swanlab offline",
    );
  }
  if (online) serverOrigin(online.host);
  const log = await RunLog.open(options.runFolder, config, options.resume);
  const backends: TrackingBackend[] = [];
  for (const open of BACKENDS) {
    try {
      const backend = await open({ run, options, onNote });
      if (backend !== null) backends.push(backend);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      onNote(
        `a tracking file cannot be opened, training continues without it: ${error.message.split("\n")[0]}`,
      );
    }
  }
  const tracker = new Tracker(log, backends, onNote);
  await tracker.catchUp();
  return tracker;
}

/** Whether the system failed, as opposed to an option or a permission. */
function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return false;
  return "code" in error || /\(os error \d+\)/.test(error.message);
}

/**
 * The log and the backends of a run. Await each call before the next.
 *
 * The log is written first, and a full disk is thrown; any other failure of its disk is a note. A backend that fails (a full disk, a damaged folder) is
 * reported to the user once, and caught up from the log as soon as it works again.
 */
export class Tracker {
  readonly #log: RunLog;
  readonly #backends: readonly TrackingBackend[];
  readonly #note: (message: string) => void;
  readonly #failing = new Set<TrackingBackend>();
  #finished = false;
  #logFails = false;

  /** Use {@linkcode openTracker}. */
  constructor(log: RunLog, backends: readonly TrackingBackend[], onNote: (message: string) => void) {
    this.#log = log;
    this.#backends = backends;
    this.#note = onNote;
  }

  /**
   * Records the numbers of an epoch. Call it before the checkpoint of the epoch is written: a run killed between the two
   * then resumes from the earlier epoch and loses no line.
   *
   * @throws {RangeError} if the epoch is not above the last, or SwanLab would not accept a name
   */
  async epoch(epoch: number, metrics: Metrics): Promise<void> {
    Object.keys(metrics).forEach(checkKey);
    const failure = await this.#log.append(epoch, metrics, new Date());
    if (failure !== null && !this.#logFails) {
      this.#note(
        `metrics.jsonl is incomplete, training continues: ${failure}; the checkpoint keeps the numbers, and ` +
          "--resume restores them",
      );
    }
    this.#logFails = failure !== null;
    await this.catchUp();
  }

  /** Records a PNG image. @throws {RangeError} if SwanLab would not accept the name */
  async image(
    name: string,
    step: number,
    png: Uint8Array,
    width: number,
    height: number,
    caption = "",
  ): Promise<void> {
    checkKey(name);
    const image = { name, step, png, width, height, caption: withoutPaths(caption) };
    await this.#each((backend) => backend.image(image, new Date()));
  }

  /** Records a text in Markdown. @throws {RangeError} if SwanLab would not accept the name */
  async text(name: string, step: number, text: string): Promise<void> {
    checkKey(name);
    const note = { name, step, text: withoutPaths(text) };
    await this.#each((backend) => backend.text(note, new Date()));
  }

  /**
   * Records the end of the run and closes everything; a second call does nothing. `message` says why it crashed or was
   * aborted. With `online` this waits for the server for a bounded time.
   */
  async finish(state: RunState, message = ""): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await this.catchUp();
    const step = this.#log.epochs.at(-1)?.epoch ?? 0;
    const end = { state, message: withoutPaths(message), time: new Date(), step };
    await this.#each((backend) => backend.finish(end));
    this.#log.close();
  }

  /** The command that uploads the offline run with SwanLab's own tool; null without one. */
  syncCommand(): string | null {
    return this.#backends.find(({ uploadCommand }) => uploadCommand !== undefined)?.uploadCommand ?? null;
  }

  /** Gives every backend the epochs of the log that it lacks. */
  async catchUp(): Promise<void> {
    await this.#each(async (backend) => {
      for (const { epoch, metrics, time } of this.#log.epochs) {
        if (epoch > backend.lastStep) await backend.scalars(epoch, metrics, time);
      }
    });
  }

  async #each(record: (backend: TrackingBackend) => Promise<void>): Promise<void> {
    for (const backend of this.#backends) {
      try {
        await record(backend);
        this.#failing.delete(backend);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!this.#failing.has(backend)) {
          this.#note(`${backend.name} is incomplete, training continues: ${reason}`);
        }
        this.#failing.add(backend);
      }
    }
  }
}

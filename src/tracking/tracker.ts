/**
 * All records of a run behind one object: its own log first, and from it TensorBoard's files, SwanLab's offline
 * run and, where asked for, SwanLab's server.
 *
 * None of them gets a host name, a user name, a command line or a path of this machine.
 *
 * @module
 */
import { join } from "node:path";
import { RUN_FILES } from "../fs/layout.ts";
import { RunLog } from "./run_log.ts";
import type { Config, Metrics, RunState, Sink } from "./sink.ts";
import { serverOrigin } from "./swanlab_client.ts";
import { checkKey, checkRun, type SwanLabRun, syncCommand } from "./swanlab_format.ts";
import { SwanLabFile } from "./swanlab_file.ts";
import type { SwanLabOnlineOptions } from "./swanlab_online.ts";
import { SwanLabThread } from "./swanlab_thread.ts";
import { TensorBoardFiles } from "./tensorboard.ts";
import { withoutPaths } from "./without_paths.ts";

/** What a tracker is opened with. */
export interface TrackerOptions {
  /** The run's folder, `runs/NAME`; made when absent. */
  readonly runFolder: string;
  /** The run's id, kept over resumes; {@linkcode createRunId} makes one. */
  readonly runId: string;
  /** The project's name at SwanLab. */
  readonly project: string;
  /** The run's configuration: anything that JSON can hold. Paths in its texts are blanked. */
  readonly config: object;
  /** When the run was first started, also when it is resumed. */
  readonly startedAt: Date;
  /** Whether to write TensorBoard's files under `tb/`. */
  readonly tensorboard: boolean;
  /** SwanLab: files under `swanlog/` alone, files and a server, or neither. */
  readonly swanlab: "offline" | "online" | "off";
  /** The server and the key for `online`. */
  readonly online?: SwanLabOnlineOptions | undefined;
  /** The experiment's name; the run id by default. */
  readonly name?: string | undefined;
  /** A line about the experiment. */
  readonly description?: string | undefined;
  /** SwanLab's team or user; the key's owner by default. */
  readonly workspace?: string | undefined;
  /** Continues a run: the last epoch to keep; everything recorded after it is removed. */
  readonly resume?: number | undefined;
  /** Gets lines for the user: where the run is shown, what could not be recorded. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Opens all records of a run.
 *
 * @throws {RangeError} when a name is not one that SwanLab takes
 * @throws {TypeError} when the server's host is no address
 * @throws {Error} when the folder already holds a run and `resume` is absent, or `online` has no key
 */
export async function openTracker(options: TrackerOptions): Promise<Tracker> {
  const { runFolder, runId, startedAt, resume } = options;
  const onNote = options.onNote ?? (() => {});
  const config = JSON.parse(JSON.stringify(options.config), (_, value) => {
    return typeof value === "string" ? withoutPaths(value) : value;
  }) as Config;
  const run: SwanLabRun = {
    runId,
    project: options.project,
    workspace: options.workspace ?? "",
    name: options.name ?? runId,
    description: options.description ?? "",
    config,
    startedAt,
  };
  checkRun(run);
  const online = options.swanlab === "online" ? options.online ?? { apiKey: "" } : null;
  if (online?.apiKey === "") {
    throw new Error(
      "Cannot track with SwanLab online: there is no API key\n" +
        "hint: set SWANLAB_API_KEY to the key from your SwanLab settings page, or use --swanlab offline",
    );
  }
  if (online) serverOrigin(online.host);
  const log = await RunLog.open(runFolder, config, resume);
  const sinks: Sink[] = [];
  let offline: SwanLabFile | null = null;
  if (options.tensorboard) {
    sinks.push(
      await TensorBoardFiles.open(join(runFolder, RUN_FILES.tensorboard), config, startedAt, resume),
    );
  }
  if (options.swanlab !== "off") {
    offline = await SwanLabFile.open(join(runFolder, RUN_FILES.swanlab), run, resume);
    sinks.push(offline);
  }
  if (online) sinks.push(new SwanLabThread(run, online, onNote));
  const command = offline ? syncCommand(offline.directory, runId) : null;
  const tracker = new Tracker(log, sinks, command, onNote);
  await tracker.catchUp();
  return tracker;
}

/**
 * The records of one run. Await each call before the next.
 *
 * The run's own log comes first and its failures are thrown. A record that cannot be written beside it (a full
 * disk, a damaged folder) is told to the user once, and caught up from the log as soon as it can be.
 */
export class Tracker {
  readonly #log: RunLog;
  readonly #sinks: readonly Sink[];
  readonly #command: string | null;
  readonly #note: (message: string) => void;
  readonly #failing = new Set<Sink>();
  #finished = false;

  /** Use {@linkcode openTracker}. */
  constructor(
    log: RunLog,
    sinks: readonly Sink[],
    command: string | null,
    onNote: (message: string) => void,
  ) {
    this.#log = log;
    this.#sinks = sinks;
    this.#command = command;
    this.#note = onNote;
  }

  /**
   * Records an epoch's numbers. Call it before the epoch's checkpoint is written: then a run killed between the
   * two resumes from the earlier epoch and loses no line.
   *
   * @throws {RangeError} when the epoch is not above the last, or a name is not one that SwanLab takes
   */
  async epoch(epoch: number, metrics: Metrics): Promise<void> {
    Object.keys(metrics).forEach(checkKey);
    await this.#log.append(epoch, metrics, new Date());
    await this.catchUp();
  }

  /** Records a PNG image. @throws {RangeError} when the name is not one that SwanLab takes */
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
    await this.#each((sink) => sink.image(image, new Date()));
  }

  /** Records a text in Markdown. @throws {RangeError} when the name is not one that SwanLab takes */
  async text(name: string, step: number, text: string): Promise<void> {
    checkKey(name);
    const note = { name, step, text: withoutPaths(text) };
    await this.#each((sink) => sink.text(note, new Date()));
  }

  /**
   * Records the end of the run and closes everything; a second call does nothing. `message` says why it crashed
   * or was aborted. With `online` this waits for the server, a bounded time.
   */
  async finish(state: RunState, message = ""): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await this.catchUp();
    const last = this.#log.epochs.at(-1);
    const end = { state, message: withoutPaths(message), time: new Date() };
    await this.#each((sink) => sink.finish({ ...end, step: last?.epoch ?? 0, metrics: last?.metrics ?? {} }));
    this.#log.close();
  }

  /** The command that uploads the offline run with SwanLab's own tool; null without an offline run. */
  syncCommand(): string | null {
    return this.#command;
  }

  /** Gives every record the epochs of the log that it lacks. */
  async catchUp(): Promise<void> {
    await this.#each(async (sink) => {
      for (const { epoch, metrics, time } of this.#log.epochs) {
        if (epoch > sink.lastStep) await sink.scalars(epoch, metrics, time);
      }
    });
  }

  async #each(record: (sink: Sink) => Promise<void>): Promise<void> {
    for (const sink of this.#sinks) {
      try {
        await record(sink);
        this.#failing.delete(sink);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!this.#failing.has(sink)) this.#note(`${sink.name} is not complete, training goes on: ${reason}`);
        this.#failing.add(sink);
      }
    }
  }
}

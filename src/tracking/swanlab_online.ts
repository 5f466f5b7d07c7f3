/**
 * A run shown live on a SwanLab server, from a queue that the training never waits for.
 *
 * This is the part that runs in a thread of its own; see `swanlab_thread.ts`.
 *
 * What the trainer hands over is queued at once and sent by a loop of its own. A lost network is retried with
 * growing pauses; what the server refuses is dropped with a note. When the queue is full, nothing more is taken:
 * the server then holds the run's beginning without holes, which `swanlab sync` of the offline run completes.
 *
 * @module
 */
import type { Metrics, RunEnd, Sink, TrackedImage, TrackedText } from "./sink.ts";
import { type RemoteRun, type SwanLabAccess, SwanLabClient, SwanLabRefusal } from "./swanlab_client.ts";
import { mediaFile, type SwanLabRun } from "./swanlab_format.ts";
import { type Item, sendItems } from "./swanlab_upload.ts";

/** How the queue and its loop behave. */
export interface SwanLabOnlineOptions extends SwanLabAccess {
  /** Seconds between arrival and sending, so that one request carries much; 1.5 by default, as the SDK. */
  readonly flushSeconds?: number | undefined;
  /** Seconds that {@linkcode SwanLabOnline.finish} waits for what is still queued; 15 by default. */
  readonly finishSeconds?: number | undefined;
  /** Seconds before the first retry, doubled after each up to a minute; 0.5 by default. */
  readonly retrySeconds?: number | undefined;
  /** The most bytes queued; 64 MiB by default. */
  readonly queueBytes?: number | undefined;
}

const HEARTBEAT_SECONDS = 600, LONGEST_PAUSE_SECONDS = 60;
// What one request may carry.
const SCALARS_AT_ONCE = 10_000, MEDIA_AT_ONCE = 10;
// A queued number's share of the bound: the object around it, roughly.
const SCALAR_BYTES = 200;

/** Sends a run to a SwanLab server while it trains. */
export class SwanLabOnline implements Sink {
  /** Its name for messages. */
  readonly name = "SwanLab";
  readonly #run: SwanLabRun;
  readonly #options: SwanLabOnlineOptions;
  readonly #note: (message: string) => void;
  readonly #client: SwanLabClient;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  readonly #declared = new Set<string>();
  readonly #said = new Set<string>();
  #queue: Item[] = [];
  #queuedBytes = 0;
  #lastStep = -1;
  #remote: RemoteRun | null = null;
  #heartbeatAt = 0;
  #closed = false;
  /** Why the server does not hold the whole run; empty while all is well. */
  #missing = "";
  #end: RunEnd | null = null;
  #wake = () => {};

  /**
   * Starts the loop; the first request is on its way when this returns. `onNote` gets a line for the user when
   * the run's page is known, the network is lost, or something is dropped.
   *
   * @throws {TypeError} when the host is no address
   */
  constructor(run: SwanLabRun, options: SwanLabOnlineOptions, onNote: (message: string) => void) {
    this.#run = run;
    this.#options = options;
    this.#note = onNote;
    this.#client = new SwanLabClient(options, this.#stop.signal);
    this.#loop = this.#work();
  }

  /** The last step whose numbers were queued, -1 when none. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Queues the numbers of one epoch. */
  scalars(step: number, metrics: Metrics, time: Date): Promise<void> {
    this.#lastStep = step;
    const items = Object.entries(metrics).map(([key, value]): Item => ({
      type: "scalar",
      key,
      step,
      value,
      time,
    }));
    return this.#enqueue(items, items.length * SCALAR_BYTES);
  }

  /** Queues an image. */
  image({ name, step, png, caption }: TrackedImage, time: Date): Promise<void> {
    const media = mediaFile("image", step, png);
    return this.#enqueue([{ type: "media", key: name, step, media, caption, time }], png.length);
  }

  /** Queues a text. */
  text({ name, step, text }: TrackedText, time: Date): Promise<void> {
    const media = mediaFile("text", step, text);
    return this.#enqueue([{ type: "media", key: name, step, media, caption: "", time }], media.bytes.length);
  }

  /** Sends what is queued and the run's end, waiting no longer than `finishSeconds`; then closes. */
  async finish(end: RunEnd): Promise<void> {
    if (end.state === "crashed" && end.message) {
      await this.#enqueue([{ type: "log", key: "", step: 0, message: end.message, time: end.time }], 0);
    }
    this.#end = end;
    this.#wake();
    const timer = setTimeout(() => {
      this.#stop.abort();
      this.#wake();
    }, (this.#options.finishSeconds ?? 15) * 1000);
    await this.#loop;
    clearTimeout(timer);
    if (this.#missing) this.#note(`SwanLab's server does not hold the whole run: ${this.#missing}`);
  }

  #enqueue(items: readonly Item[], bytes: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#queuedBytes + bytes > (this.#options.queueBytes ?? 64 * 1024 * 1024)) {
      this.#close("more is waiting to be sent than the queue holds");
      return Promise.resolve();
    }
    this.#queue.push(...items);
    this.#queuedBytes += bytes;
    this.#wake();
    return Promise.resolve();
  }

  #close(reason: string): void {
    this.#note(`SwanLab gets no more of this run, training goes on: ${reason}`);
    this.#closed = true;
    this.#missing = reason;
  }

  async #work(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (await this.#advance()) return;
        if (failures > 0) this.#note("SwanLab is reached again");
        failures = 0;
        await this.#pauseUntilNeeded();
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        const reason = error instanceof Error ? error.message : String(error);
        if (failures++ === 0) {
          this.#note(`SwanLab is not reached, training goes on and it is tried again: ${reason}`);
        }
        const seconds = (this.#options.retrySeconds ?? 0.5) * 2 ** (failures - 1);
        await this.#pause(Math.min(seconds, this.#end ? 2 : LONGEST_PAUSE_SECONDS), false);
      }
    }
    this.#missing ||= "it was not reached in time";
  }

  /** Sends all that is queued; true once there is nothing left to do, ever. */
  async #advance(): Promise<boolean> {
    if (!this.#remote) {
      try {
        this.#remote = await this.#client.open(this.#run);
      } catch (error) {
        if (!(error instanceof SwanLabRefusal)) throw error;
        this.#close(error.message);
        this.#queue = [];
        return true;
      }
      this.#note(`SwanLab shows this run at ${this.#remote.page}`);
    }
    const remote = this.#remote;
    if (Date.now() >= this.#heartbeatAt) {
      const path = `/house/experiments/${remote.experimentId}/heartbeat`;
      await this.#unlessRefused("heartbeat", () => this.#client.request("POST", path, { flagId: "123456" }));
      this.#heartbeatAt = Date.now() + HEARTBEAT_SECONDS * 1000;
    }
    while (this.#queue.length > 0) await this.#sendNext(remote);
    if (!this.#end) return false;
    const { state, time } = this.#end;
    const body = { state: state.toUpperCase(), finishedAt: time.toISOString(), from: "sdk" };
    const path = `/project/${remote.projectPath}/runs/${remote.experimentId}/state`;
    await this.#unlessRefused("the run's end", () => this.#client.request("PUT", path, body));
    return true;
  }

  /** Sends the items of one type at the queue's head; they leave the queue when the server has answered. */
  async #sendNext(remote: RemoteRun): Promise<void> {
    const { type } = this.#queue[0]!;
    const most = type === "scalar" ? SCALARS_AT_ONCE : MEDIA_AT_ONCE;
    const run = this.#queue.slice(0, most);
    const other = run.findIndex((item) => item.type !== type);
    const batch = other === -1 ? run : run.slice(0, other);
    // On resume the server's own record wins: it drops a step that it already has.
    const fresh = batch.filter(({ type, key, step }) =>
      type === "log" || step > (remote.lastSteps.get(key) ?? -1)
    );
    if (fresh.length > 0) {
      await this.#unlessRefused(
        `${fresh.length} values (${type})`,
        () => sendItems(this.#client, remote, this.#declared, fresh),
      );
    }
    this.#queue.splice(0, batch.length);
    for (const item of batch) {
      this.#queuedBytes -= item.type === "scalar"
        ? SCALAR_BYTES
        : item.type === "media"
        ? item.media.bytes.length
        : 0;
    }
  }

  async #unlessRefused(what: string, send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (!(error instanceof SwanLabRefusal)) throw error;
      this.#missing ||= error.message;
      // A server that refuses one epoch tends to refuse them all: once is enough.
      if (!this.#said.has(error.message)) this.#note(`SwanLab did not take ${what}: ${error.message}`);
      this.#said.add(error.message);
    }
  }

  async #pauseUntilNeeded(): Promise<void> {
    if (this.#queue.length === 0 && !this.#end) {
      await this.#pause((this.#heartbeatAt - Date.now()) / 1000, true);
    }
    if (!this.#end) await this.#pause(this.#options.flushSeconds ?? 1.5, false);
  }

  /** Sleeps; the end of the run always wakes it, new items only where asked. */
  async #pause(seconds: number, wakeForItems: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, seconds) * 1000);
      this.#wake = () => {
        if (!wakeForItems && !this.#end) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

/**
 * Shows a run live on a SwanLab server, from a queue that training never waits for. Runs in a thread of its own; see
 * `swanlab_thread.ts`.
 *
 * Items are queued at once and sent by a separate loop. A lost network is retried with growing pauses; what the server
 * rejects is dropped with a note. If the queue is full, nothing more is accepted: the server then has the beginning of
 * the run without gaps, and `swanlab sync` of the offline run completes it.
 *
 * @module
 */
import type { Metrics, RunEnd, TrackedImage, TrackedRun, TrackedText, TrackingBackend } from "./backend.ts";
import { type RemoteRun, type SwanLabAccess, SwanLabClient, SwanLabRefusal } from "./swanlab_client.ts";
import { mediaFile } from "./swanlab_format.ts";
import { type Item, sendItems } from "./swanlab_upload.ts";

/** Options of the queue and its loop. */
export interface SwanLabOnlineOptions extends SwanLabAccess {
  /** Seconds between queuing and sending, so that one request carries many items; defaults to 1.5, like the SDK. */
  readonly flushSeconds?: number | undefined;
  /** Seconds that {@linkcode SwanLabOnline.finish} waits for what is still queued; defaults to 15. */
  readonly finishSeconds?: number | undefined;
  /** Seconds before the first retry, doubled after each, up to a minute; defaults to 0.5. */
  readonly retrySeconds?: number | undefined;
  /** The size limit of the queue in bytes; defaults to 64 MiB. */
  readonly queueBytes?: number | undefined;
}

const HEARTBEAT_SECONDS = 600, LONGEST_PAUSE_SECONDS = 60;
// Limits of one request.
const SCALARS_AT_ONCE = 10_000, MEDIA_AT_ONCE = 10;
// The approximate size of a queued number with its object.
const SCALAR_BYTES = 200;

/** Sends a run to a SwanLab server while it trains. */
export class SwanLabOnline implements TrackingBackend {
  /** Its name in messages. */
  readonly name = "SwanLab";
  readonly #run: TrackedRun;
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
  /** Why the server lacks a part of the run; empty if it does not. */
  #missing = "";
  #end: RunEnd | null = null;
  #wake = () => {};

  /**
   * Starts the loop and its first request. `onNote` receives a line for the user when the page of the run is known, the
   * network is lost, or something is dropped.
   *
   * @throws {TypeError} if the host is not an address
   */
  constructor(run: TrackedRun, options: SwanLabOnlineOptions, onNote: (message: string) => void) {
    this.#run = run;
    this.#options = options;
    this.#note = onNote;
    this.#client = new SwanLabClient(options, this.#stop.signal);
    this.#loop = this.#work();
  }

  /** The last step whose numbers were queued, -1 without any. */
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

  /** Sends what is queued and the end of the run, within `finishSeconds`; then closes. */
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
    if (this.#missing) this.#note(`SwanLab's server lacks a part of this run: ${this.#missing}`);
  }

  #enqueue(items: readonly Item[], bytes: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#queuedBytes + bytes > (this.#options.queueBytes ?? 64 * 1024 * 1024)) {
      this.#close("the queue of unsent items is full");
      return Promise.resolve();
    }
    this.#queue.push(...items);
    this.#queuedBytes += bytes;
    this.#wake();
    return Promise.resolve();
  }

  #close(reason: string): void {
    this.#note(`SwanLab receives no more of this run, training continues: ${reason}`);
    this.#closed = true;
    this.#missing = reason;
  }

  async #work(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (await this.#advance()) return;
        if (failures > 0) this.#note("SwanLab is reachable again");
        failures = 0;
        await this.#pauseUntilNeeded();
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        const reason = error instanceof Error ? error.message : String(error);
        if (failures++ === 0) {
          this.#note(`SwanLab cannot be reached, training continues and retries: ${reason}`);
        }
        const seconds = (this.#options.retrySeconds ?? 0.5) * 2 ** (failures - 1);
        await this.#pause(Math.min(seconds, this.#end ? 2 : LONGEST_PAUSE_SECONDS), false);
      }
    }
    this.#missing ||= "it could not be reached in time";
  }

  /** Sends everything that is queued; true once nothing remains to be done. */
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
      await this.#checkStorage(this.#remote);
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
    await this.#unlessRefused("the end of the run", () => this.#client.request("PUT", path, body));
    return true;
  }

  /** Says at the start, not at the first image, if images will not arrive. */
  async #checkStorage(remote: RemoteRun): Promise<void> {
    try {
      await this.#client.requireStorage(remote);
    } catch (error) {
      // Anything else is met again, and handled, when there is an image.
      if (!(error instanceof SwanLabRefusal) || error.status !== 0) return;
      this.#note(`SwanLab will lack the images, which it stores elsewhere: ${error.message}`);
      this.#missing ||= error.message;
      this.#said.add(error.message);
    }
  }

  /** Sends the first items of one type; they leave the queue when the server has answered. */
  async #sendNext(remote: RemoteRun): Promise<void> {
    const { type } = this.#queue[0]!;
    const most = type === "scalar" ? SCALARS_AT_ONCE : MEDIA_AT_ONCE;
    const run = this.#queue.slice(0, most);
    const other = run.findIndex((item) => item.type !== type);
    const batch = other === -1 ? run : run.slice(0, other);
    // After a resume, the server drops steps that it already has.
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
      // A server that rejects one epoch tends to reject all of them: one note is enough.
      if (!this.#said.has(error.message)) this.#note(`SwanLab rejected ${what}: ${error.message}`);
      this.#said.add(error.message);
    }
  }

  async #pauseUntilNeeded(): Promise<void> {
    if (this.#queue.length === 0 && !this.#end) {
      await this.#pause((this.#heartbeatAt - Date.now()) / 1000, true);
    }
    if (!this.#end) await this.#pause(this.#options.flushSeconds ?? 1.5, false);
  }

  /** Sleeps; the end of the run always wakes it, new items only if asked. */
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

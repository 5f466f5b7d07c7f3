/**
 * Workers that share out tasks: a task that takes its Worker down, or that never comes back, costs that Worker and
 * nothing else.
 *
 * @module
 */
import { parentPort, type Worker } from "node:worker_threads";

/** Parts that the time for a task is counted in. */
const TIME_PARTS = 20;

/** What a Worker sends back: an error in parts, since a message keeps no error's class. */
type Reply<Answer> = { answer: Answer } | { error: { name: string; message: string } };

interface Job<Answer> {
  readonly message: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** How a {@linkcode WorkerPool} works. */
export interface PoolOptions<Answer> {
  /** Starts a Worker, whose module calls {@linkcode answerTasks}. */
  readonly start: () => Worker;
  /** Most Workers at once. */
  readonly workers: number;
  /** Seconds after which a task is given up. */
  readonly seconds: number;
  /** What a task does, for messages: `decode the image`. */
  readonly action: string;
  /** Whether a Worker may go on after this answer; true unless given. */
  readonly keep?: (answer: Answer) => boolean;
}

/**
 * Hands tasks to Workers, in their order, and starts Workers when they are needed. Idle ones do not keep a program
 * alive.
 */
export class WorkerPool<Answer> {
  readonly #options: PoolOptions<Answer>;
  readonly #waiting: Job<Answer>[] = [];
  readonly #idle: Worker[] = [];
  readonly #workers = new Set<Worker>();

  /** Makes a pool without Workers. */
  constructor(options: PoolOptions<Answer>) {
    this.#options = options;
  }

  /**
   * Has `message` worked on; the buffers of `transfer` go over with it. Rejects with the Worker's SyntaxError or
   * RangeError, with a RangeError where it takes too long, and with an Error where the Worker fails otherwise.
   */
  run(message: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, transfer, resolve, reject });
      this.#dispatch();
    });
  }

  /** Stops the Workers; tasks that are not done are rejected. The next task starts new ones. */
  async close(): Promise<void> {
    this.#idle.length = 0;
    for (const job of this.#waiting.splice(0)) job.reject(this.#closedError());
    await Promise.all([...this.#workers].map((worker) => {
      // What nothing keeps alive could end before this does.
      worker.ref();
      return worker.terminate();
    }));
  }

  #closedError(): Error {
    return new Error(`Cannot ${this.#options.action}: the Workers were closed meanwhile`);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ??
        (this.#workers.size < this.#options.workers ? this.#start() : undefined);
      if (worker === undefined) return;
      this.#work(worker, this.#waiting.shift()!);
    }
  }

  #start(): Worker {
    const worker = this.#options.start();
    this.#workers.add(worker);
    worker.unref();
    return worker;
  }

  /** Gives `job` to `worker` and keeps the program alive until it is settled, in one of four ways. */
  #work(worker: Worker, job: Job<Answer>): void {
    const { action, seconds, keep } = this.#options;
    const settle = (end: () => void, goOn: boolean) => {
      clearInterval(timer);
      worker.removeAllListeners();
      worker.unref();
      if (goOn) this.#idle.push(worker);
      else {
        this.#workers.delete(worker);
        worker.terminate();
      }
      end();
      this.#dispatch();
    };
    const fail = (error: Error) => settle(() => job.reject(error), false);
    // Counted in parts: of a time in which this thread waited for the GPU, or the whole machine slept, one part counts.
    let left = TIME_PARTS;
    const timer = setInterval(() => {
      if (--left === 0) fail(new RangeError(`Cannot ${action}: it takes more than ${seconds} s`));
    }, seconds * 1000 / TIME_PARTS);
    worker.once("message", (reply: Reply<Answer>) => {
      if ("answer" in reply) {
        const { answer } = reply;
        return settle(() => job.resolve(answer), keep?.(answer) ?? true);
      }
      const { name, message } = reply.error;
      const Kind = name === "SyntaxError" ? SyntaxError : name === "RangeError" ? RangeError : undefined;
      if (Kind !== undefined) return settle(() => job.reject(new Kind(message)), true);
      // Any other error is the Worker's own, which may be damaged itself now.
      fail(new Error(`Cannot ${action}: its Worker failed: ${message}`));
    });
    worker.once("error", (error: Error) => {
      fail(new Error(`Cannot ${action}: its Worker failed: ${error.message}`, { cause: error }));
    });
    worker.once("exit", () => fail(this.#closedError()));
    worker.ref();
    worker.postMessage(job.message, [...job.transfer]);
  }
}

/**
 * Within a Worker: answers each task of its {@linkcode WorkerPool} by `work`. Large data belongs into `transfer`,
 * as bare buffers: within a typed array in a message, the same bytes take a hundred times as long.
 */
export function answerTasks<Task, Answer>(
  work: (task: Task) => Promise<{ answer: Answer; transfer: ArrayBuffer[] }>,
): void {
  const port = parentPort;
  if (port === null) throw new Error("Cannot answer tasks: this is no Worker");
  port.on("message", async (task: Task) => {
    try {
      const { answer, transfer } = await work(task);
      port.postMessage({ answer }, transfer);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ error: { name, message } });
    }
  });
}

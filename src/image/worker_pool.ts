/**
 * A pool of Workers: a task that crashes its Worker, or never finishes, costs only that Worker.
 *
 * @module
 */
import { parentPort, type Worker } from "node:worker_threads";

/** Ticks into which a task's time limit is divided. */
const TIME_TICKS = 20;

/** What a Worker sends back: an error by its name and message, since a message does not keep an error's class. */
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
  /** Most Workers at a time. */
  readonly workers: number;
  /** Seconds after which a task is abandoned. */
  readonly seconds: number;
  /** What a task does, for messages: `decode the image`. */
  readonly action: string;
  /** Whether a Worker may be used again after this answer; defaults to true. */
  readonly keep?: (answer: Answer) => boolean;
}

/**
 * Passes tasks to Workers in order and starts Workers on demand. Idle Workers do not keep a program alive.
 */
export class WorkerPool<Answer> {
  readonly #options: PoolOptions<Answer>;
  readonly #waiting: Job<Answer>[] = [];
  readonly #idle: Worker[] = [];
  readonly #workers = new Set<Worker>();

  /** Creates a pool; no Worker is started yet. */
  constructor(options: PoolOptions<Answer>) {
    this.#options = options;
  }

  /**
   * Runs a task; the buffers of `transfer` move to the Worker. Rejects with the Worker's SyntaxError or RangeError,
   * with a RangeError if it takes too long, and with an Error if the Worker fails otherwise.
   */
  run(message: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, transfer, resolve, reject });
      this.#dispatch();
    });
  }

  /** Stops the Workers that have nothing to do, whose memory never shrinks. */
  async trim(): Promise<void> {
    await Promise.all(
      this.#idle.splice(0).map((worker) => {
        this.#workers.delete(worker);
        return worker.terminate();
      }),
    );
  }

  /** Stops the Workers; pending tasks are rejected. The next task starts new Workers. */
  async close(): Promise<void> {
    this.#idle.length = 0;
    for (const job of this.#waiting.splice(0)) job.reject(this.#closedError());
    const workers = [...this.#workers];
    // Idle ones, too, which nothing else takes away: next tasks would wait for them, and the program end silently.
    this.#workers.clear();
    await Promise.all(workers.map((worker) => {
      // Otherwise the program could exit before the Worker has stopped.
      worker.ref();
      return worker.terminate();
    }));
  }

  #closedError(): Error {
    return new Error(`Cannot ${this.#options.action}: the Workers were closed`);
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

  /** Gives `job` to `worker` and keeps the program alive until it is settled. */
  #work(worker: Worker, job: Job<Answer>): void {
    const { action, seconds, keep } = this.#options;
    const settle = (end: () => void, reuse: boolean) => {
      clearInterval(timer);
      worker.removeAllListeners();
      worker.unref();
      if (reuse) this.#idle.push(worker);
      else {
        this.#workers.delete(worker);
        worker.terminate();
      }
      end();
      this.#dispatch();
    };
    const fail = (error: Error) => settle(() => job.reject(error), false);
    // In ticks: while this thread waits for the GPU, or the machine sleeps, at most one tick is counted.
    let left = TIME_TICKS;
    const timer = setInterval(() => {
      if (--left === 0) fail(new RangeError(`Cannot ${action}: it took more than ${seconds} s`));
    }, seconds * 1000 / TIME_TICKS);
    worker.once("message", (reply: Reply<Answer>) => {
      if ("answer" in reply) {
        const { answer } = reply;
        return settle(() => job.resolve(answer), keep?.(answer) ?? true);
      }
      const { name, message } = reply.error;
      const Kind = name === "SyntaxError" ? SyntaxError : name === "RangeError" ? RangeError : undefined;
      if (Kind !== undefined) return settle(() => job.reject(new Kind(message)), true);
      if (name === "NotCapable") return settle(() => job.reject(new Deno.errors.NotCapable(message)), true);
      // Any other error is a fault of the Worker itself, which may be in a bad state now.
      fail(new Error(`Cannot ${action}: its Worker failed: ${message}`));
    });
    worker.once("error", (error: Error) => {
      // The Worker's own files, which may not be read: that says nothing about the task.
      const denied = /Requires \w+ access to .*/.exec(error.message);
      if (denied !== null) return fail(new Deno.errors.NotCapable(denied[0]));
      fail(new Error(`Cannot ${action}: its Worker failed: ${error.message}`, { cause: error }));
    });
    worker.once("exit", () => fail(this.#closedError()));
    worker.ref();
    worker.postMessage(job.message, [...job.transfer]);
  }
}

/**
 * Within a Worker: answers each task of its {@linkcode WorkerPool} with `work`. Large data belongs in `transfer`, as
 * bare buffers: as a typed array in a message, the same bytes take a hundred times as long.
 */
export function answerTasks<Task, Answer>(
  work: (task: Task) => Promise<{ answer: Answer; transfer: ArrayBuffer[] }>,
): void {
  const port = parentPort;
  if (port === null) throw new Error("Cannot answer tasks: not in a Worker");
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

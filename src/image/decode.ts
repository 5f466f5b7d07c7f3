/**
 * Decodes picture files in Workers: a file that takes the decoder down, or that it never comes back from, costs
 * that Worker and nothing else.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { RgbImage } from "./image.ts";

/** How long a picture may take; the largest allowed ones take about two seconds. */
const DECODE_SECONDS = 15;

/** A Worker's memory never shrinks, so that one which has decoded more than this is given up. */
const LARGE_PIXELS = 8_000_000;

/** What the Worker answers. */
type Answer = { width: number; height: number; pixels: ArrayBuffer } | {
  error: { name: string; message: string };
};

interface Job {
  bytes: Uint8Array;
  resolve: (image: RgbImage) => void;
  reject: (error: Error) => void;
}

const MAX_WORKERS = Math.max(1, Math.min(8, navigator.hardwareConcurrency));
const waiting: Job[] = [];
const idle: Worker[] = [];
const workers = new Set<Worker>();

/**
 * Decodes a JPEG, PNG, TIFF, BMP or WebP file to 8-bit RGB: grey is repeated, a palette is looked up, 16 bits
 * are scaled to 8, an alpha channel is dropped as it stands (Pillow's `convert("RGB")`), CMYK is converted, the
 * EXIF orientation is applied, and of several pages the first is taken. `bytes` are copied, not taken.
 *
 * Runs in one of as many Workers as there are cores, started when they are needed. Rejects with a SyntaxError
 * for a file of another kind, a truncated or a corrupt one, and with a RangeError for one that asks for more
 * than the limits (8192 pixels a side, 32 million in all, 15 seconds). Needs read permission for this package's
 * own `src/image/decode_worker.ts`.
 */
export function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  if (!(bytes instanceof Uint8Array)) {
    return Promise.reject(new TypeError("Cannot decode an image: its bytes are not a Uint8Array"));
  }
  return new Promise((resolve, reject) => {
    waiting.push({ bytes, resolve, reject });
    dispatch();
  });
}

/**
 * Stops the Workers, for programs that want their memory back; pictures that are still being decoded are
 * rejected. Idle Workers do not keep a program alive, and the next call starts new ones.
 */
export async function closeDecoders(): Promise<void> {
  idle.length = 0;
  for (const job of waiting.splice(0)) job.reject(closedError());
  await Promise.all([...workers].map((worker) => worker.terminate()));
}

function closedError(): Error {
  return new Error("Cannot decode the image: the decoders were closed meanwhile");
}

function dispatch(): void {
  while (waiting.length > 0) {
    const worker = idle.pop() ?? (workers.size < MAX_WORKERS ? startWorker() : undefined);
    if (worker === undefined) return;
    work(worker, waiting.shift() as Job);
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL("./decode_worker.ts", import.meta.url));
  workers.add(worker);
  worker.unref();
  return worker;
}

/** Gives `job` to `worker` and keeps the program alive until it is settled, in one of four ways. */
function work(worker: Worker, job: Job): void {
  const settle = (end: () => void, keep: boolean) => {
    clearTimeout(timer);
    worker.removeAllListeners();
    worker.unref();
    if (keep) idle.push(worker);
    else {
      workers.delete(worker);
      worker.terminate();
    }
    end();
    dispatch();
  };
  const fail = (error: Error) => settle(() => job.reject(error), false);
  const timer = setTimeout(
    () => fail(new RangeError(`Cannot decode the image: it takes more than ${DECODE_SECONDS} s`)),
    DECODE_SECONDS * 1000,
  );
  worker.once("message", (answer: Answer) => {
    if ("pixels" in answer) {
      const { width, height, pixels } = answer;
      settle(
        () => job.resolve({ width, height, data: new Uint8Array(pixels) }),
        width * height <= LARGE_PIXELS,
      );
    } else {
      const error = rebuild(answer.error);
      // Any other error is the decoder's own, which may be damaged itself now.
      settle(() => job.reject(error), error instanceof SyntaxError || error instanceof RangeError);
    }
  });
  worker.once("error", (error: Error) => {
    fail(new Error(`Cannot decode the image: its decoder failed: ${error.message}`, { cause: error }));
  });
  worker.once("exit", () => fail(closedError()));
  worker.ref();
  // A copy, and a bare buffer: see decode_worker.ts.
  const file = job.bytes.slice().buffer;
  worker.postMessage(file, [file]);
}

function rebuild({ name, message }: { name: string; message: string }): Error {
  if (name === "SyntaxError") return new SyntaxError(message);
  if (name === "RangeError") return new RangeError(message);
  return new Error(`Cannot decode the image: its decoder failed: ${message}`);
}

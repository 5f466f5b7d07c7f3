/**
 * Reads every image of the board's dataset once, in Workers and in the background: thumbnails, problems of files, and
 * images that show the same. What was found is kept, so that the next board reads only what has changed.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { join } from "node:path";
import { hashBytes } from "../../../fs/hash_bytes.ts";
import { ifFound } from "../../../fs/paths.ts";
import { NO_SUCH_FILE, readListedFile, unreadableImage } from "../../../dataset/listed_file.ts";
import { DECODE_SECONDS } from "../../../image/limits.ts";
import { WorkerPool } from "../../../image/worker_pool.ts";
import type { CorrectionClass } from "../../api/corrections.ts";
import type { Duplicates, FileProblem, SurveyState } from "../../api/dataset.ts";
import { classesOf } from "../corrections.ts";
import { type BoardImage, type BoardSplit, readSplits } from "../dataset_splits.ts";
import { readImageFile } from "../image_file.ts";
import type { Board } from "../route.ts";
import { ImageQueue } from "./image_queue.ts";
import { type KeptImage, keptName, pruneKept, readKept, writeKept } from "./kept_images.ts";
import {
  type CompareAnswer,
  type CompareTask,
  GRAYS,
  type ThumbnailAnswer,
  type ThumbnailTask,
} from "./survey_task.ts";
import { ThumbnailOutlines } from "./thumbnail_outlines.ts";

/** Workers, which leave a core to whoever trains meanwhile. */
const WORKERS = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));

/** Images whose pixels are compared; of more, only bytes and names are. */
const MOST_COMPARED = 20_000;

/** Seconds that an image may take, and comparing all: next to a training run everything is slow. */
const REDUCE_SECONDS = 4 * DECODE_SECONDS, COMPARE_SECONDS = 600;

const NO_BYTES = new Uint8Array();

const start = () => new Worker(new URL("./survey_worker.ts", import.meta.url), { env: {} });
const reducers = new WorkerPool<ThumbnailAnswer>({
  start,
  workers: WORKERS,
  seconds: REDUCE_SECONDS,
  action: "decode the image",
});
const comparers = new WorkerPool<CompareAnswer>({
  start,
  workers: 1,
  seconds: COMPARE_SECONDS,
  action: "compare images",
});

/** Ends the Workers of all surveys; the next one starts them again. */
export async function closeSurveys(): Promise<void> {
  await Promise.all([reducers.close(), comparers.close()]);
}

/** An image, and the split that it is of. */
interface Place {
  readonly from: BoardSplit;
  readonly image: BoardImage;
}

const surveys = new WeakMap<Board, Survey>();
let ids = 0;

/** The survey of a board's dataset as it is now; it begins again if annotations or folders have changed. */
export async function surveyOf(board: Board): Promise<Survey> {
  const splits = await readSplits(board);
  const known = surveys.get(board);
  if (known !== undefined && known.isOf(splits)) return known;
  known?.stop();
  const survey = new Survey(
    board,
    splits,
    await classesOf(board, { categories: [], images: [], records: 0 }),
  );
  surveys.set(board, survey);
  return survey;
}

/** The survey of a dataset. */
export class Survey {
  /** Tells it from all others. */
  readonly id = ++ids;
  readonly #board: Board;
  readonly #splits: readonly BoardSplit[];
  readonly #places: readonly Place[];
  readonly #stopping = new AbortController();
  readonly #queue = new ImageQueue<KeptImage>(WORKERS);
  readonly #problems: FileProblem[] = [];
  readonly #outlines: ThumbnailOutlines;
  #done = 0;
  #duplicates: Duplicates | null = null;
  #running: Promise<void> | null = null;

  /** Begins with {@linkcode Survey.begin}. */
  constructor(board: Board, splits: readonly BoardSplit[], classes: readonly CorrectionClass[]) {
    this.#board = board;
    this.#outlines = new ThumbnailOutlines(classes);
    this.#splits = splits;
    this.#places = splits.flatMap((from) => from.images.map((image) => ({ from, image })));
  }

  /** Whether it is of these splits, unchanged. */
  isOf(splits: readonly BoardSplit[]): boolean {
    return splits.length === this.#splits.length && splits.every((split, i) => split === this.#splits[i]);
  }

  /** Ends what runs in the background. */
  stop(): void {
    this.#stopping.abort(new Error("the dataset has changed"));
  }

  /** Reads all images, once; nobody needs to wait for it. */
  begin(): void {
    this.#running ??= this.#read().catch(() => {});
  }

  /** What is known now, with problems from number `from` on. */
  state(from = 0): SurveyState {
    return {
      id: this.id,
      total: this.#places.length,
      done: this.#done,
      problems: this.#problems.slice(from),
      duplicates: this.#duplicates,
    };
  }

  /** What is kept of an image; made now, before all that runs in the background, if it is not. */
  async image(
    from: BoardSplit,
    image: BoardImage,
    signal: AbortSignal,
  ): Promise<KeptImage & { name: string }> {
    const name = await this.#nameOf({ from, image });
    if (name === null) return { ...await missing({ from, image }), name: "" };
    const kept = await readKept(this.#board.cache, name) ??
      await this.#queue.run(name, () => this.#make({ from, image }, name), signal);
    return { ...kept, name };
  }

  async #read(): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, this.#board.signal]);
    await pruneKept(this.#board.cache);
    const found = new Array<KeptImage>(this.#places.length);
    let next = 0;
    // One by one per Worker: whatever the page asks for comes between.
    const run = async () => {
      while (next < this.#places.length) {
        const at = next++;
        const { from, image } = this.#places[at]!;
        const kept = await this.image(from, image, signal).catch((error) => {
          if (signal.aborted) throw error;
          return failed({ from, image }, error);
        });
        // The JPEGs of all images together are large.
        found[at] = { ...kept, jpeg: NO_BYTES };
        if (kept.problem !== null) {
          this.#problems.push({ ...kept.problem, split: from.split.name, fileName: image.fileName });
        }
        this.#done++;
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, run));
    this.#duplicates = await this.#compare(found);
    await Promise.all([reducers.trim(), comparers.trim()]);
  }

  async #compare(found: readonly KeptImage[]): Promise<Duplicates> {
    const usable = found.flatMap((kept, index) =>
      kept.problem === null ? [{ kept, ...this.#places[index]! }] : []
    );
    const compared = usable.length <= MOST_COMPARED ? usable.flatMap(({ kept }) => kept.grays ?? []) : [];
    const grays = new Float32Array(compared.length * GRAYS);
    compared.forEach((values, index) => grays.set(values, index * GRAYS));
    const task: CompareTask = {
      kind: "compare",
      images: usable.map(({ kept: { sha256 }, from, image: { fileName } }) => ({
        split: from.split.name,
        fileName,
        sha256,
      })),
      hasGrays: Uint8Array.from(usable, ({ kept }) => compared.length > 0 && kept.grays !== null ? 1 : 0),
      grays: grays.buffer,
    };
    const { pairs, complete } = await comparers.run(task, [grays.buffer]);
    const fileOf = (index: number) => {
      const { split, fileName } = task.images[index]!;
      return { split, fileName };
    };
    return {
      complete: complete && usable.length <= MOST_COMPARED,
      pairs: pairs.map(([one, other, reasons]) => ({ files: [fileOf(one), fileOf(other)], reasons })),
    };
  }

  /** The name under which an image is kept; null if there is no such file. */
  async #nameOf({ from, image }: Place): Promise<string | null> {
    const [{ split }, { fileName, listed }] = [from, image];
    const info = await ifFound(Deno.stat(join(split.folder, fileName)));
    if (info === null) return null;
    const { width = null, height = null } = listed ?? {};
    const folder = split.root ?? await Deno.realPath(split.folder);
    const outlines = await this.#outlines.key(from, image);
    return keptName(folder, [
      split.folder,
      fileName,
      info.size,
      info.mtime?.getTime(),
      width,
      height,
      outlines,
    ]);
  }

  async #make(place: Place, name: string): Promise<KeptImage> {
    const { isLasting, ...kept } = await readImage(place, this.#outlines);
    if (isLasting) await writeKept(this.#board.cache, name, kept);
    return kept;
  }
}

/** What is known of an image, and whether it will be the same the next time: a machine that was too slow may not. */
async function readImage(
  { from, image }: Place,
  outlines: ThumbnailOutlines,
): Promise<KeptImage & { readonly isLasting: boolean }> {
  const [{ split }, { fileName, listed }] = [from, image];
  let [sha256, problem] = ["", null as KeptImage["problem"]];
  try {
    const read = listed === null ? await readImageFile(split, fileName) : await readListedFile(split, listed);
    if (!(read instanceof Uint8Array)) problem = read;
    // An image of another size than listed is shown nevertheless.
    const bytes = read instanceof Uint8Array ? read : await readImageFile(split, fileName);
    sha256 = hashBytes(bytes);
    const file = bytes.slice().buffer;
    const labels = problem === null ? await outlines.labels(from, image) : null;
    const task: ThumbnailTask = { kind: "thumbnail", file, labels };
    const { jpeg, grays } = await reducers.run(task, [file]);
    return {
      sha256,
      problem: problemOf(problem),
      grays: grays === null || problem !== null ? null : new Float32Array(grays),
      jpeg: new Uint8Array(jpeg),
      isLasting: true,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const found = problem ?? unreadableImage(split, { id: listed?.id ?? fileName, fileName }, error);
    return { sha256, problem: problemOf(found), grays: null, jpeg: NO_BYTES, isLasting: isOfFile(error) };
  }
}

/** Whether an error is the file's fault, not that of a slow machine or a Worker that failed. */
function isOfFile(error: unknown): boolean {
  return error instanceof SyntaxError ||
    error instanceof RangeError && !error.message.includes("it took more than");
}

function problemOf(problem: KeptImage["problem"]): KeptImage["problem"] {
  return problem && { kind: problem.kind, message: problem.message };
}

/** A file that is not there, or not under the listed name. */
async function missing({ from: { split }, image: { fileName, listed } }: Place): Promise<KeptImage> {
  const read = listed === null ? null : await readListedFile(split, listed);
  const message = `${split.name}/${fileName}: ${NO_SUCH_FILE}`;
  const problem = read === null || read instanceof Uint8Array ? { kind: "missing-image", message } : read;
  return { sha256: "", problem: problemOf(problem), grays: null, jpeg: NO_BYTES };
}

/** What cannot be read for another reason, such as a link that leaves the dataset. */
function failed({ from, image: { fileName } }: Place, error: unknown): KeptImage {
  const { message } = unreadableImage(from.split, { id: fileName, fileName }, error);
  return { sha256: "", problem: { kind: "unreadable-image", message }, grays: null, jpeg: NO_BYTES };
}

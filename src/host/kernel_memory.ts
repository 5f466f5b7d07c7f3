/**
 * What was found out about the kernels on an adapter, kept on disk for the next start: verdicts of self-tests, and
 * variants that were timed. One JSON file with an entry per adapter, driver, Deno and set of kernels. A file that is
 * damaged, too large or of another format counts as none, and is replaced.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { sha256 } from "../bytes.ts";
import { describeGpu, type GpuDescription, type GpuOptions } from "../gpu/adapter.ts";
import type { Arithmetic } from "../gpu/arithmetic.ts";
import { isRecord } from "../fs/json_shape.ts";
import type { Remembered, VerdictMemory, Verdicts } from "../self_test/verdicts.ts";
import { readDriverVersions } from "./driver.ts";
import { isGranted } from "./permissions.ts";

/** The file's name in a cache folder. */
export const CHOICE_FILE = "kernel_choices.json";

const FORMAT = "deno-unet kernel choices 2";

/** A larger file was not written here. */
const MOST_BYTES = 2 ** 18;

/** Number of entries that are kept: the newest. */
const MOST_ENTRIES = 32;

/** What the system does not tell. */
const UNKNOWN = "unknown";

/** Milliseconds for which verdicts hold if a new version of the driver would go unnoticed: 30 days. */
const UNKNOWN_DRIVER_AGE = 30 * 24 * 3600 * 1000;

/** Milliseconds between two tries to lock the folder, and after which there is none. */
const [WAIT, MOST_WAIT] = [10, 2000];

/** What an entry is found by: it holds for exactly this. */
export interface KernelKey {
  /** Name of the device. */
  readonly adapter: string;
  /** Vendor of the device. */
  readonly vendor: string;
  /** Version of the driver, as far as the system tells. */
  readonly driver: string;
  /** Version of Deno, which brings its own WebGPU. */
  readonly deno: string;
  /** Which kernels could be chosen. */
  readonly arithmetic: Arithmetic;
  /** Hash of the kernels and their self-tests. */
  readonly kernels: string;
}

/** Variants that were timed on an adapter. */
export interface TimedChoices {
  /** When they were timed, ISO 8601. */
  readonly timedAt: string;
  /** The variants of the classes that were timed. */
  readonly choices: KernelChoices;
}

interface Entry {
  readonly of: KernelKey;
  readonly timed?: TimedChoices | undefined;
  readonly tested?: Tested | undefined;
}

/** Verdicts of self-tests, the oldest of that time. */
interface Tested {
  readonly testedAt: string;
  readonly verdicts: Verdicts;
}

type Entries = Record<string, Entry>;

/** What a device's entry is found by. */
export async function kernelKey({ adapter, kernels }: GpuDescription): Promise<KernelKey> {
  // Loaded here: most processes need no hash.
  const { kernelFingerprint } = await import("../self_test/fingerprint.ts");
  return {
    adapter: adapter.description,
    vendor: adapter.vendor,
    driver: readDriverVersions() ?? UNKNOWN,
    deno: Deno.version.deno,
    arithmetic: kernels,
    kernels: await kernelFingerprint(),
  };
}

/** Name of an entry: its whole key. */
export function entryName(key: KernelKey): string {
  return JSON.stringify(Object.entries(key).sort());
}

/** SHA-256 of a value's JSON: editing the file by hand invalidates it. */
export function checksum(value: unknown): Promise<string> {
  return sha256(JSON.stringify(value));
}

/** What a {@linkcode KernelMemory} recalls. */
export interface RecallOptions {
  /** Whether to recall the variants that were timed on the adapter. */
  readonly tuned: boolean;
  /** Whether to forget earlier verdicts, so that everything is tested again. */
  readonly retest: boolean;
}

/** The file of a cache folder as a memory of verdicts. Without permission to read or write it, it stays silent. */
export class KernelMemory implements VerdictMemory {
  readonly #folder: string;
  readonly #options: RecallOptions;

  /** The memory in `folder`. */
  constructor(folder: string, options: RecallOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** What is remembered of the adapter. */
  async read(gpu: GpuDescription): Promise<Remembered> {
    const entry = await readEntry(this.#folder, gpu);
    return {
      verdicts: this.#options.retest ? {} : validTests(entry)?.verdicts ?? {},
      choices: this.#options.tuned ? entry?.timed?.choices : undefined,
    };
  }

  /** Adds verdicts to the adapter's entry; if they cannot be written, the next start tests again. */
  async write(gpu: GpuDescription, verdicts: Verdicts): Promise<void> {
    // What cannot be read would be lost.
    if (!isGranted("write", this.#folder) || !isGranted("read", this.#folder)) return;
    await updateEntry(this.#folder, gpu, (entry) => {
      const before = validTests(entry);
      const testedAt = before?.testedAt ?? new Date().toISOString();
      return { tested: { testedAt, verdicts: { ...before?.verdicts, ...verdicts } } };
    }).catch(() => {});
  }
}

/** The timed variants that are kept in a folder for the device that would be opened; null if none can be read. */
export async function readChoices(
  folder: string,
  device: Pick<GpuOptions, "software" | "kernels">,
): Promise<TimedChoices | null> {
  const entries = await readEntries(folder);
  // Adapter and key take their time, and most folders hold no choices.
  if (!Object.values(entries).some(({ timed }) => timed !== undefined)) return null;
  const gpu = await describeGpu(device);
  return gpu === null ? null : entries[entryName(await kernelKey(gpu))]?.timed ?? null;
}

/**
 * Keeps timed variants for a device, next to those for others.
 *
 * @throws {Error} if the folder cannot be written: only the timing is lost then.
 */
export async function keepChoices(folder: string, gpu: GpuDescription, timed: TimedChoices): Promise<void> {
  await updateEntry(folder, gpu, () => ({ timed }));
}

/** The verdicts of an entry, unless the driver may have changed unnoticed since. */
function validTests(entry: Entry | undefined): Tested | undefined {
  if (entry?.tested === undefined || entry.of.driver !== UNKNOWN) return entry?.tested;
  return Date.now() - Date.parse(entry.tested.testedAt) < UNKNOWN_DRIVER_AGE ? entry.tested : undefined;
}

async function readEntry(folder: string, gpu: GpuDescription): Promise<Entry | undefined> {
  const entries = await readEntries(folder);
  return Object.keys(entries).length === 0 ? undefined : entries[entryName(await kernelKey(gpu))];
}

async function updateEntry(
  folder: string,
  gpu: GpuDescription,
  change: (before: Entry | undefined) => Partial<Entry>,
): Promise<void> {
  const of = await kernelKey(gpu);
  await Deno.mkdir(folder, { recursive: true });
  const lock = await lockFolder(folder);
  try {
    await writeEntry(folder, of, change);
  } finally {
    lock?.close();
  }
}

/**
 * Keeps other processes from writing meanwhile: one of two that read the file, and then write it, would undo what the
 * other adds. After two seconds without the lock, and on systems that lock no folders, that is risked.
 */
async function lockFolder(folder: string): Promise<Deno.FsFile | null> {
  const { takeLock } = await import("../fs/lock.ts");
  const file = await Deno.open(folder).catch(() => null);
  const end = performance.now() + MOST_WAIT;
  while (file !== null && !await takeLock(file) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
  return file;
}

async function writeEntry(
  folder: string,
  of: KernelKey,
  change: (before: Entry | undefined) => Partial<Entry>,
): Promise<void> {
  const entries = await readEntries(folder);
  const name = entryName(of);
  entries[name] = { ...entries[name], ...change(entries[name]), of };
  const newest = Object.entries(entries).sort(([, a], [, b]) => changedAt(a) < changedAt(b) ? 1 : -1);
  const kept = Object.fromEntries(newest.slice(0, MOST_ENTRIES));
  const document = { format: FORMAT, checksum: await checksum(kept), entries: kept };
  // Loaded here: most starts only read, and node: modules take longer to load than the rest.
  const { writeFileAtomic } = await import("../fs/atomic_file.ts");
  await writeFileAtomic(`${folder}/${CHOICE_FILE}`, `${JSON.stringify(document, null, 2)}\n`);
}

function changedAt({ timed, tested }: Entry): number {
  return Math.max(
    ...[timed?.timedAt, tested?.testedAt].map((time) => time === undefined ? 0 : Date.parse(time)),
  );
}

/** The valid entries of the file; none if it cannot be read. */
async function readEntries(folder: string): Promise<Entries> {
  try {
    const path = `${folder}/${CHOICE_FILE}`;
    if (!isGranted("read", path)) return {};
    // Read at once: waiting for a thread, several times, would take longer than the file does.
    const { isFile, size } = Deno.statSync(path);
    if (!isFile || size > MOST_BYTES) return {};
    const document = JSON.parse(Deno.readTextFileSync(path));
    if (document.format !== FORMAT || document.checksum !== await checksum(document.entries)) return {};
    return Object.values(document.entries).every(isEntry) ? document.entries : {};
  } catch {
    return {};
  }
}

function isEntry(entry: unknown): entry is Entry {
  if (!isRecord(entry) || !isRecord(entry.of)) return false;
  const { timed, tested } = entry;
  return (timed === undefined || isDated(timed, "timedAt", "choices", "string")) &&
    (tested === undefined || isDated(tested, "testedAt", "verdicts", "boolean"));
}

/** Whether a value has a date, and a table whose values are of one type. */
function isDated(value: unknown, date: string, table: string, type: "string" | "boolean"): boolean {
  if (!isRecord(value)) return false;
  const { [date]: time, [table]: values } = value;
  return typeof time === "string" && !Number.isNaN(Date.parse(time)) &&
    isRecord(values) && Object.values(values).every((item) => typeof item === type);
}

/**
 * Choices that were timed, kept on disk for the next start: one JSON file with an entry for each adapter, driver, Deno
 * and set of kernels. A file that is broken, too large or of another format counts as none, and is replaced.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { KernelChoices } from "../../kernels/choices.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readDriverVersions } from "./driver.ts";
import { describeGpu, type GpuDescription, type GpuOptions } from "../gpu/gpu.ts";
import { kernelFingerprint } from "../self_test/self_test.ts";

/** The file's name in a cache folder. */
export const CHOICE_FILE = "kernel_choices.json";

const FORMAT = "deno-unet kernel choices 1";

/** A file that is larger was not written here. */
const MOST_BYTES = 2 ** 18;

/** Entries that are kept: the newest. */
const MOST_ENTRIES = 32;

/** What an entry is found by: choices hold for exactly this. */
export interface ChoiceKey {
  /** Name of the device. */
  readonly adapter: string;
  /** Vendor of the device. */
  readonly vendor: string;
  /** Version of the driver, as far as the system tells. */
  readonly driver: string;
  /** Version of Deno, which brings its WebGPU along. */
  readonly deno: string;
  /** Which kernels could be chosen. */
  readonly arithmetic: "fast" | "strict";
  /** Hash of every kernel's text and of the table of variants. */
  readonly kernels: string;
}

/** Choices as they were kept. */
export interface KeptChoices {
  /** When they were timed, ISO 8601. */
  readonly timedAt: string;
  /** The variants of the classes that were timed. */
  readonly choices: KernelChoices;
}

interface Entry extends KeptChoices {
  readonly of: ChoiceKey;
}

type Entries = Record<string, Entry>;

/** What the choices for a device are kept under. */
export async function choiceKey({ adapter, kernels }: GpuDescription): Promise<ChoiceKey> {
  return {
    adapter: adapter.description,
    vendor: adapter.vendor,
    driver: await readDriverVersions() ?? "unknown",
    deno: Deno.version.deno,
    arithmetic: kernels,
    kernels: kernelFingerprint(),
  };
}

/** The choices that are kept in a folder for the device that would be opened; null where none can be read. */
export async function readChoices(
  folder: string,
  device: Pick<GpuOptions, "software" | "kernels">,
): Promise<KeptChoices | null> {
  const entries = await readEntries(folder);
  // Adapter and key take their time, and most folders hold no choices.
  if (Object.keys(entries).length === 0) return null;
  const gpu = await describeGpu(device);
  if (gpu === null) return null;
  const { timedAt, choices } = entries[entryName(await choiceKey(gpu))] ?? {};
  return timedAt === undefined || choices === undefined ? null : { timedAt, choices };
}

/**
 * Keeps choices for a device, beside those for others.
 *
 * @throws {Error} where the folder cannot be written: nothing but the timing is lost then.
 */
export async function keepChoices(folder: string, gpu: GpuDescription, kept: KeptChoices): Promise<void> {
  const key = await choiceKey(gpu);
  const entries = { ...await readEntries(folder), [entryName(key)]: { ...kept, of: key } };
  const newest = Object.entries(entries).sort(([, a], [, b]) => a.timedAt < b.timedAt ? 1 : -1);
  const document = { format: FORMAT, entries: Object.fromEntries(newest.slice(0, MOST_ENTRIES)) };
  await writeFileAtomic(join(folder, CHOICE_FILE), `${JSON.stringify(document, null, 2)}\n`);
}

/** The name of an entry: a hash of its whole key. */
export function entryName(key: ChoiceKey): string {
  return createHash("sha256").update(JSON.stringify(Object.entries(key).sort())).digest("hex").slice(0, 32);
}

/** The entries that are what they should be; whatever else may have happened to the file, there are none. */
async function readEntries(folder: string): Promise<Entries> {
  try {
    const path = join(folder, CHOICE_FILE);
    const { isFile, size } = await Deno.stat(path);
    if (!isFile || size > MOST_BYTES) return {};
    const { format, entries } = JSON.parse(await Deno.readTextFile(path));
    if (format !== FORMAT || typeof entries !== "object" || entries === null) return {};
    return Object.fromEntries(
      Object.entries(entries).filter((entry): entry is [string, Entry] => isEntry(entry[1])),
    );
  } catch {
    return {};
  }
}

function isEntry(value: unknown): value is Entry {
  const { timedAt, choices } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof timedAt === "string" && !Number.isNaN(Date.parse(timedAt)) &&
    typeof choices === "object" && choices !== null && !Array.isArray(choices) &&
    Object.values(choices).every((variant) => typeof variant === "string");
}

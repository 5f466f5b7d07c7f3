/**
 * A run's folder, looked at again and again: only what changed is read.
 *
 * @module
 */
import { join } from "node:path";
import { readBoundedText } from "../../../fs/bounded_read.ts";
import { parseSampleFile, RUN_FILES, RUN_LOCK } from "../../../fs/layout.ts";
import { ifFound, listFolder } from "../../../fs/paths.ts";
import { readProgress } from "../../../training/checkpoint.ts";
import type { EpochLine, RunDetail, RunSample, RunSummary } from "../../api/runs.ts";
import { linesByEpoch, secondsUntilEnd, summarizeLines } from "./epoch_summary.ts";
import { Liveness } from "./liveness.ts";
import { MetricsLog } from "./metrics_log.ts";
import { runState, type StoredProgress } from "./run_state.ts";

/** Most bytes of a `config.json`. */
const MOST_CONFIG_BYTES = 2 ** 22;

/** Most samples that are shown; `train` draws at most 64. */
const MOST_SAMPLES = 64;

/** A file that is read again when its size or time has changed. */
class Kept<T> {
  #stamp = "";
  /** What was read; null if there is no file, or it cannot be read. */
  value: T | null = null;
  /** Why the file cannot be read; null if it can, or does not exist. */
  problem: string | null = null;

  constructor(readonly path: string, readonly read: (path: string) => Promise<T>) {}

  /** Reads the file if it has changed; whether it has. */
  async refresh(): Promise<boolean> {
    const info = await ifFound(Deno.stat(this.path));
    const stamp = info === null ? "" : `${info.size} ${info.mtime?.getTime()} ${info.ino}`;
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    this.value = null;
    this.problem = null;
    if (info === null) return true;
    try {
      this.value = await this.read(this.path);
    } catch (error) {
      this.problem = (error as Error).message.split("\n")[0]!;
    }
    return true;
  }
}

async function readConfig(path: string): Promise<Record<string, unknown>> {
  const value: unknown = JSON.parse(await readBoundedText(path, MOST_CONFIG_BYTES));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError("it is not an object");
  }
  return value as Record<string, unknown>;
}

/** A run. */
export class WatchedRun {
  readonly #folder: string;
  readonly #log: MetricsLog;
  readonly #life: Liveness;
  readonly #config: Kept<Record<string, unknown>>;
  readonly #checkpoint: Kept<StoredProgress>;
  #byEpoch: readonly EpochLine[] = [];
  #summary: RunSummary | null = null;
  #samples: { readonly modified: number; readonly found: readonly RunSample[] } | null = null;
  #looking: Promise<RunSummary> | null = null;

  /** The run in `folder`, called `name`. */
  constructor(readonly name: string, folder: string) {
    this.#folder = folder;
    this.#log = new MetricsLog(join(folder, RUN_FILES.metrics));
    this.#life = new Liveness(join(folder, RUN_LOCK));
    this.#config = new Kept(join(folder, RUN_FILES.config), readConfig);
    this.#checkpoint = new Kept(join(folder, RUN_FILES.checkpoint), readProgress);
  }

  /** The log. */
  get log(): MetricsLog {
    return this.#log;
  }

  /** Whether the folder holds anything of a run. */
  async exists(): Promise<boolean> {
    const names = [RUN_FILES.metrics, RUN_FILES.config, RUN_FILES.checkpoint, RUN_LOCK];
    const found = await Promise.all(names.map((name) => ifFound(Deno.stat(join(this.#folder, name)))));
    return found.some((info) => info !== null);
  }

  /** The run as it is now; the same object as before if nothing has changed. */
  refresh(): Promise<RunSummary> {
    // Several who watch it share a look.
    return this.#looking ??= this.#look().finally(() => this.#looking = null);
  }

  async #look(): Promise<RunSummary> {
    let summary: RunSummary;
    try {
      summary = await this.#read();
    } catch (error) {
      const problem = (error as Error).message.split("\n")[0]!;
      summary = {
        ...this.#summary ?? emptySummary(this.name),
        state: "unknown",
        reason: "its files cannot be read",
        problems: [problem],
        secondsLeft: null,
      };
    }
    if (JSON.stringify(summary) !== JSON.stringify(this.#summary)) this.#summary = summary;
    return this.#summary!;
  }

  async #read(): Promise<RunSummary> {
    const [logChanged, life] = await Promise.all([
      this.#log.refresh(),
      this.#life.look(),
      this.#config.refresh(),
    ]);
    // A running process writes a checkpoint per epoch, which tells nothing more.
    if (!life.alive) await this.#checkpoint.refresh();
    if (logChanged) this.#byEpoch = linesByEpoch(this.#log.lines);
    const progress = this.#checkpoint.value;
    const config: Record<string, unknown> = this.#config.value ?? { ...progress?.config };
    const count = (name: string) => typeof config[name] === "number" ? config[name] as number : null;
    const [epochs, patience] = [count("epochs"), count("patience")];
    const limits = epochs === null ? null : { epochs, patience: patience ?? 0 };
    const { state, reason } = runState({ ...life, progress, limits, lines: this.#byEpoch });
    const fromLog = summarizeLines(this.#byEpoch);
    return {
      ...fromLog,
      name: this.name,
      state,
      reason,
      problems: this.#problems(),
      recipe: typeof config.recipe === "string" ? config.recipe : null,
      epochs,
      memoryBytes: count("memory_bytes"),
      secondsLeft: state === "running" ? secondsUntilEnd(this.#byEpoch, epochs) : null,
    };
  }

  #problems(): string[] {
    const { damaged, tooLarge } = this.#log;
    const lines = damaged === 1 ? "1 line" : `${damaged} lines`;
    return [
      damaged > 0 ? `${RUN_FILES.metrics}: ${lines} cannot be read` : "",
      tooLarge ? `${RUN_FILES.metrics}: too large, its end is not read` : "",
      this.#config.problem === null ? "" : `${RUN_FILES.config}: ${this.#config.problem}`,
      this.#checkpoint.problem === null ? "" : `${RUN_FILES.checkpoint}: ${this.#checkpoint.problem}`,
    ].filter((problem) => problem !== "");
  }

  /** The run as a whole. */
  async detail(): Promise<RunDetail> {
    const summary = await this.refresh();
    const config = this.#config.value ?? (this.#checkpoint.value?.config as Record<string, unknown>) ?? null;
    return { summary, config, lines: this.#log.lines, samples: await this.samples() };
  }

  /** The newest image of each validation sample. */
  async samples(): Promise<readonly RunSample[]> {
    const folder = join(this.#folder, RUN_FILES.samples);
    const modified = (await ifFound(Deno.stat(folder)))?.mtime?.getTime() ?? 0;
    // A long run has many; on some disks a time stands for two seconds.
    const isSettled = Math.abs(Date.now() - modified) > 3000;
    if (isSettled && this.#samples?.modified === modified) return this.#samples.found;
    const newest = new Map<number, { epoch: number; file: string }>();
    for (const { name } of await listFolder(folder)) {
      const { epoch, sample } = parseSampleFile(name) ?? {};
      if (epoch === undefined || sample === undefined) continue;
      if (epoch > (newest.get(sample)?.epoch ?? -1)) newest.set(sample, { epoch, file: name });
    }
    const inOrder = [...newest].sort(([a], [b]) => a - b).slice(0, MOST_SAMPLES);
    const found = await Promise.all(inOrder.map(async ([sample, { epoch, file }]) => {
      const info = await ifFound(Deno.stat(this.samplePath(file)));
      return { sample, epoch, file, version: `${info?.mtime?.getTime() ?? 0}` };
    }));
    this.#samples = { modified, found };
    return found;
  }

  /** The path of a sample's image; its name is one of {@linkcode samples}. */
  samplePath(file: string): string {
    return join(this.#folder, RUN_FILES.samples, file);
  }
}

function emptySummary(name: string): RunSummary {
  return {
    ...summarizeLines([]),
    name,
    state: "unknown",
    reason: "",
    problems: [],
    recipe: null,
    epochs: null,
    memoryBytes: null,
    secondsLeft: null,
  };
}

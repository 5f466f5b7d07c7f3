/**
 * What SwanLab's offline file and its server share: names, limits, configuration, metadata.
 *
 * Checked against the SwanLab SDK's source at commit b444209 (after v0.9.7); its HTTP interface and file format
 * are not published elsewhere.
 *
 * @module
 */
import { createHash, randomInt } from "node:crypto";
import type { Config } from "./sink.ts";

/** The SDK version whose interface is spoken; servers are told it with every request. */
export const SWANLAB_SDK_VERSION = "0.9.7";

/** SwanLab drops larger images and texts. */
export const SWANLAB_MEDIA_LIMIT = 10 * 1024 * 1024;

/** Who and what a run is to SwanLab. */
export interface SwanLabRun {
  /** Stable over resumes: a run synced twice under one id is one experiment. */
  readonly runId: string;
  /** The project's name. */
  readonly project: string;
  /** The team or user it belongs to; the key's owner when empty. */
  readonly workspace: string;
  /** The experiment's name. */
  readonly name: string;
  /** A line about it; may be empty. */
  readonly description: string;
  /** The run's configuration. */
  readonly config: Config;
  /** When the run was first started. */
  readonly startedAt: Date;
}

/** An image or text as SwanLab names it. */
export interface MediaFile {
  /** The folder under `media/`. */
  readonly kind: "image" | "text";
  /** Step and content hash: equal content at one step is one file. */
  readonly fileName: string;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
  /** The content. */
  readonly bytes: Uint8Array;
}

/** Names an image's or a text's file. @throws {RangeError} when it is larger than SwanLab takes */
export function mediaFile(kind: MediaFile["kind"], step: number, content: Uint8Array | string): MediaFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (bytes.length > SWANLAB_MEDIA_LIMIT) {
    throw new RangeError(`SwanLab takes no ${kind} over ${SWANLAB_MEDIA_LIMIT} bytes, got ${bytes.length}`);
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const ending = kind === "image" ? "png" : "__swanlab__.txt";
  return { kind, fileName: `${`${step}`.padStart(3, "0")}-${sha256.slice(0, 8)}.${ending}`, sha256, bytes };
}

/** The configuration as SwanLab shows it: key to value, description and order. */
export function configTable(config: Config): Record<string, { value: unknown; desc: string; sort: number }> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value], sort) => [key, { value, desc: "", sort }]),
  );
}

/**
 * The system snapshot, empty: the stock SDK fills it with host name, working directory, command line and git
 * remote, none of which leaves this machine. What matters (adapter, versions) belongs in the configuration.
 */
export const SWANLAB_METADATA = {
  _version: 2,
  hardware: null,
  runtime: null,
  git: null,
  swanlab: null,
} as const;

/** A new run id: eight random letters and digits, as SwanLab's SDK makes them. */
export function createRunId(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** Checks a run's identity against SwanLab's limits. @throws {RangeError} naming the field and its value */
export function checkRun(run: SwanLabRun): void {
  const check = (field: string, value: string, pattern: RegExp) => {
    if (!pattern.test(value)) {
      throw new RangeError(`Cannot track with SwanLab: ${field} "${value}" must match ${pattern}`);
    }
  };
  check("run id", run.runId, /^[\w.-]{1,512}$/);
  check("project", run.project, /^[\w.+-]{1,100}$/);
  check("workspace", run.workspace, /^[\w-]{0,25}$/);
  check("name", run.name, /^.{1,512}$/s);
  check("description", run.description, /^.{0,1024}$/s);
}

/** Checks the name of a metric, image or text. @throws {RangeError} when SwanLab would not take it */
export function checkKey(key: string): void {
  // deno-lint-ignore no-control-regex
  if (!/^(?![./])[^\x00-\x1f\x7f]{1,512}(?<![./])$/.test(key)) {
    throw new RangeError(
      `Cannot track "${key}": a name has 1 to 512 characters and no dot or slash at its ends`,
    );
  }
}

/** The command that uploads an offline run with SwanLab's own tool, once and under the same id every time. */
export function syncCommand(runDirectory: string, runId: string): string {
  const safe = /^[\w./:\\@+-]+$/.test(runDirectory);
  return `swanlab sync ${safe ? runDirectory : `'${runDirectory.replaceAll("'", "'\\''")}'`} -i ${runId}`;
}

/**
 * What SwanLab's offline file and its server have in common: names, limits, configuration, metadata.
 *
 * Checked against the SwanLab SDK's source at commit b444209 (after v0.9.7); its HTTP API and file format are not
 * documented elsewhere.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { hashBytes } from "../fs/hash_bytes.ts";
import type { RunConfig, TrackedRun } from "./backend.ts";

/** The SDK version whose API is used; every request states it. */
export const SWANLAB_SDK_VERSION = "0.9.7";

/** SwanLab drops images and texts of more bytes. */
export const SWANLAB_MEDIA_LIMIT = 10 * 1024 * 1024;

/** An image or text as a file of SwanLab. */
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

/** The file of an image or text. @throws {RangeError} if it is larger than SwanLab accepts */
export function mediaFile(kind: MediaFile["kind"], step: number, content: Uint8Array | string): MediaFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (bytes.length > SWANLAB_MEDIA_LIMIT) {
    throw new RangeError(
      `Cannot track ${kind} of ${bytes.length} bytes: SwanLab accepts up to ${SWANLAB_MEDIA_LIMIT}`,
    );
  }
  const sha256 = hashBytes(bytes);
  const ending = kind === "image" ? "png" : "__swanlab__.txt";
  return { kind, fileName: `${`${step}`.padStart(3, "0")}-${sha256.slice(0, 8)}.${ending}`, sha256, bytes };
}

/** The configuration in SwanLab's form: key to value, description and order. */
export function configTable(
  config: RunConfig,
): Record<string, { value: unknown; desc: string; sort: number }> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value], sort) => [key, { value, desc: "", sort }]),
  );
}

/**
 * An empty system snapshot: the SDK fills it with host name, working directory, command line and git remote, none of
 * which may leave this machine. What matters (adapter, versions) is in the configuration.
 */
export const SWANLAB_METADATA = {
  _version: 2,
  hardware: null,
  runtime: null,
  git: null,
  swanlab: null,
} as const;

/** A new run id: eight random letters and digits, like those of SwanLab's SDK. */
export function createRunId(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** Checks the identity of a run against SwanLab's limits. @throws {RangeError} naming the field and its value */
export function checkRun(run: TrackedRun): void {
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

/** Checks the name of a metric, image or text. @throws {RangeError} if SwanLab would not accept it */
export function checkKey(key: string): void {
  // deno-lint-ignore no-control-regex
  if (!/^(?![./])[^\x00-\x1f\x7f]{1,512}(?<![./])$/.test(key)) {
    throw new RangeError(
      `Cannot track "${key}": expected a name of 1 to 512 characters without a dot or slash at either end`,
    );
  }
}

/** The command that uploads an offline run with SwanLab's own tool, always under the same id. */
export function syncCommand(runDirectory: string, runId: string): string {
  const safe = /^[\w./:\\@+-]+$/.test(runDirectory);
  return `swanlab sync ${safe ? runDirectory : `'${runDirectory.replaceAll("'", "'\\''")}'`} -i ${runId}`;
}

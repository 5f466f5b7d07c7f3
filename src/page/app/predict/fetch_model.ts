/**
 * Fetches a model with progress, and reads it. The file is read into memory of its own length, of which the weights are
 * views: parsing while it arrives would save nothing but this one copy.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { readModel, type StoredModel } from "../../../unet/model_format.ts";
import type { EngineModel, EngineProgress } from "./engine_types.ts";

/** Most bytes of a model: a network of 256 filters has 2 GB. */
const MOST_BYTES = 2 ** 31;

/** A model, and what is known of its file. */
export interface FetchedModel extends Pick<EngineModel, "byteLength" | "sha256" | "weights"> {
  /** The model. */
  readonly stored: StoredModel;
}

/**
 * Reads a model from an address or bytes.
 *
 * @throws {Error} if the server refuses, or the connection ends early
 * @throws {SyntaxError} and others of `readModel`, if it is no model, damaged or truncated
 */
export async function fetchModel(
  source: string | Uint8Array | Blob,
  onProgress: (progress: EngineProgress) => void,
): Promise<FetchedModel> {
  const bytes = typeof source === "string"
    ? await download(source, onProgress)
    : source instanceof Blob
    ? new Uint8Array(await source.arrayBuffer())
    : source;
  onProgress({ phase: "model", loaded: bytes.length, total: bytes.length });
  const stored = await readModel(bytes);
  const { inChannels } = stored.description.network;
  if (inChannels !== 3) {
    throw new TypeError(
      `Cannot use the model: its network takes images of ${inChannels} channels, expected 3 (a color image)`,
    );
  }
  return { stored, byteLength: bytes.length, sha256: await hashOf(bytes), weights: typeOf(stored, bytes) };
}

/** Half as many bytes as float32 needs are two per value. */
function typeOf({ state }: StoredModel, { length }: Uint8Array): EngineModel["weights"] {
  let values = 0;
  for (const { data } of state.values()) values += data.length;
  const each = length / values;
  return each < 3.5 ? "float16" : each < 7 ? "float32" : "other";
}

async function hashOf(bytes: Uint8Array): Promise<string | null> {
  if (globalThis.crypto?.subtle === undefined) return null;
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function download(
  address: string,
  onProgress: (progress: EngineProgress) => void,
): Promise<Uint8Array> {
  const cannot = (why: string, hint: string) => {
    const { pathname } = new URL(address);
    return new Error(`Cannot load the model ${JSON.stringify(pathname)}: ${why}\nhint: ${hint}`);
  };
  let response: Response;
  try {
    response = await fetch(address, { credentials: "same-origin" });
  } catch (error) {
    throw cannot(
      (error as Error).message,
      "check the connection, and that the server runs, and reload the page",
    );
  }
  if (!response.ok || response.body === null) {
    throw cannot(`the server answered ${response.status}`, "check the address of the model");
  }
  // A compressed answer has more bytes than the server announces.
  const encoded = response.headers.has("content-encoding");
  const stated = encoded ? null : Number(response.headers.get("content-length") ?? NaN);
  const total = stated !== null && Number.isSafeInteger(stated) && stated >= 0 ? stated : null;
  let buffer = new Uint8Array(Math.min(total ?? 2 ** 20, MOST_BYTES));
  let loaded = 0;
  onProgress({ phase: "model", loaded, total });
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw cannot(`the connection ended after ${loaded} bytes (${error.message})`, "reload the page");
    });
    if (done) break;
    const needed = loaded + value.length;
    if (needed > MOST_BYTES || (total !== null && needed > total)) {
      await reader.cancel().catch(() => {});
      throw cannot(`it has more than ${total ?? MOST_BYTES} bytes`, "check the server's answer");
    }
    if (needed > buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * buffer.length));
      larger.set(buffer.subarray(0, loaded));
      buffer = larger;
    }
    buffer.set(value, loaded);
    loaded = needed;
    onProgress({ phase: "model", loaded, total });
  }
  if (total !== null && loaded < total) {
    throw cannot(`it is truncated: ${loaded} of ${total} bytes arrived`, "reload the page");
  }
  return buffer.subarray(0, loaded);
}

/**
 * Stores prepared samples: in a cache file, or in memory if no file may be written.
 *
 * @module
 */
import { dirname } from "node:path";
import { type CacheIndex, CacheWriter } from "./sample_cache.ts";
import { limitHint } from "../fs/write_failure.ts";
import type { RecordPlace } from "./sample_record.ts";

/** Stores records one after the other. */
export interface SampleWriter {
  /** Where the records are stored. */
  readonly status: "written" | "memory";
  /** The file; null for memory. */
  readonly path: string | null;
  /** Stores a record. */
  add(record: ArrayBuffer): Pick<RecordPlace, "source" | "offset">;
  /** Completes the file. */
  finish(index: CacheIndex): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Most bytes stored in memory. */
const MAX_MEMORY_BYTES = 2 ** 32;

/** Opens the file, or memory if `path` is null or may not be written; `onNote` receives the reason. */
export async function openSampleWriter(
  path: string | null,
  onNote: ((note: string) => void) | undefined,
): Promise<SampleWriter> {
  if (path === null) return memoryWriter();
  const folder = dirname(path);
  try {
    // Queried first, so that the runtime does not prompt.
    for (const name of ["read", "write"] as const) {
      if (Deno.permissions.querySync({ name, path: folder }).state !== "granted") {
        throw new Deno.errors.NotCapable(`no ${name} permission`);
      }
    }
    return fileWriter(path, await CacheWriter.create(path));
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const refused = error instanceof Deno.errors.NotCapable ||
      ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
    if (!refused) throw writeError(path, error);
    onNote?.(
      `${folder} cannot be written (${
        message.split("\n")[0]
      }): prepared images are kept in memory, for this run only`,
    );
    return memoryWriter();
  }
}

function fileWriter(path: string, writer: CacheWriter): SampleWriter {
  return {
    status: "written",
    path,
    add(record) {
      try {
        return { source: path, offset: writer.add(new Uint8Array(record)) };
      } catch (error) {
        throw writeError(path, error);
      }
    },
    async finish(index) {
      try {
        await writer.finish(index);
      } catch (error) {
        throw writeError(path, error);
      }
    },
    discard: () => writer.discard(),
  };
}

function writeError(path: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(
    `Cannot write prepared images to ${path}: ${reason}\nhint: ${
      limitHint(error) ?? "free disk space"
    }, or use smaller images`,
    { cause: error },
  );
}

function memoryWriter(): SampleWriter {
  let byteLength = 0;
  return {
    status: "memory",
    path: null,
    add(record) {
      byteLength += record.byteLength;
      if (byteLength > MAX_MEMORY_BYTES) {
        throw new RangeError(
          "Cannot keep prepared images in memory: they exceed 4 GiB\n" +
            "hint: allow writing to the dataset's folder .cache, or use smaller images",
        );
      }
      // Shared, so that the Workers that assemble batches need no copy.
      const source = new SharedArrayBuffer(record.byteLength);
      new Uint8Array(source).set(new Uint8Array(record));
      return { source, offset: 0 };
    },
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

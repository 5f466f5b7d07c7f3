/**
 * Where prepared samples go: into a cache file, or into memory where none may be written.
 *
 * @module
 */
import { dirname } from "node:path";
import { type CacheIndex, CacheWriter } from "./sample_cache.ts";
import type { RecordPlace } from "./sample_record.ts";

/** Takes records, one after the other. */
export interface Sink {
  /** What became of the records. */
  readonly status: "written" | "memory";
  /** The file; null for memory. */
  readonly path: string | null;
  /** Keeps a record. */
  add(record: ArrayBuffer): Pick<RecordPlace, "source" | "offset">;
  /** Completes what is kept. */
  finish(index: CacheIndex): Promise<void>;
  /** Removes what was begun. */
  discard(): Promise<void>;
}

/** Most bytes that are kept in memory. */
const MAX_MEMORY_BYTES = 2 ** 32;

/** Opens the file, or memory for null or where the file may not be written, which `onNote` is told. */
export async function openSink(
  path: string | null,
  onNote: ((note: string) => void) | undefined,
): Promise<Sink> {
  if (path === null) return memorySink();
  const folder = dirname(path);
  try {
    // Asks the permissions before the runtime does: no prompt comes up.
    for (const name of ["read", "write"] as const) {
      if (Deno.permissions.querySync({ name, path: folder }).state !== "granted") {
        throw new Deno.errors.NotCapable(`no ${name} permission`);
      }
    }
    return fileSink(path, await CacheWriter.create(path));
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const refused = error instanceof Deno.errors.NotCapable ||
      ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
    if (!refused) throw writeError(path, error);
    onNote?.(
      `${folder} cannot be written (${
        message.split("\n")[0]
      }): prepared images stay in memory for this run alone`,
    );
    return memorySink();
  }
}

function fileSink(path: string, writer: CacheWriter): Sink {
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
    `Cannot write prepared images to ${path}: ${reason}\nhint: make room on the disk, or use smaller images`,
    { cause: error },
  );
}

function memorySink(): Sink {
  let byteLength = 0;
  return {
    status: "memory",
    path: null,
    add(record) {
      byteLength += record.byteLength;
      if (byteLength > MAX_MEMORY_BYTES) {
        throw new RangeError(
          "Cannot keep prepared images in memory: they are more than 4 GiB\n" +
            "hint: let them be written to the dataset's folder .cache, or use smaller images",
        );
      }
      // Shared, so that the Workers that put batches together need no copy.
      const source = new SharedArrayBuffer(record.byteLength);
      new Uint8Array(source).set(new Uint8Array(record));
      return { source, offset: 0 };
    },
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

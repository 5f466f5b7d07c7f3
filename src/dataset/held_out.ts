/**
 * The image files of splits that training must not see.
 *
 * @module
 */
import { join } from "node:path";
import { readBounded } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { MAX_BYTES } from "../image/limits.ts";
import type { Split } from "./dataset_source.ts";
import { listImageFiles } from "./splits.ts";

/** The files of splits that training must not see. */
export class HeldOut {
  readonly #splits: readonly Split[];
  #bySize: Promise<Map<number, { split: Split; path: string }[]>> | undefined;

  /** Of these splits; nothing is read before the first question. */
  constructor(splits: readonly Split[]) {
    this.#splits = splits;
  }

  /** The role of the split that has a file of these bytes; null if none has. */
  async find(byteLength: number, sha256: string): Promise<string | null> {
    this.#bySize ??= this.#list();
    for (const { split, path } of (await this.#bySize).get(byteLength) ?? []) {
      if (hashBytes(await readBounded(path, MAX_BYTES)) === sha256) return split.role;
    }
    return null;
  }

  async #list(): Promise<Map<number, { split: Split; path: string }[]>> {
    const bySize = new Map<number, { split: Split; path: string }[]>();
    for (const split of this.#splits) {
      for (const name of await listImageFiles(split)) {
        const path = join(split.folder, name);
        const { size } = await Deno.stat(path);
        bySize.set(size, [...bySize.get(size) ?? [], { split, path }]);
      }
    }
    return bySize;
  }
}

/**
 * Many files as one zip. This module is browser compatible.
 *
 * @module
 */
import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import type { OutputFile } from "./outputs.ts";

/** A zip that grows file by file, without holding more than its own bytes. */
export class ZipWriter {
  readonly #parts: BlobPart[] = [];
  readonly #zip: Zip;
  #error: Error | null = null;

  /** An empty one. */
  constructor() {
    this.#zip = new Zip((error, bytes) => {
      if (error) this.#error = error;
      else this.#parts.push(bytes as Uint8Array<ArrayBuffer>);
    });
  }

  /** Adds a file. PNGs are compressed already. */
  add({ name, bytes }: OutputFile): void {
    const entry = name.endsWith(".png") ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    this.#zip.add(entry);
    entry.push(bytes, true);
    if (this.#error) throw this.#error;
  }

  /** Ends the zip. */
  finish(): Blob {
    this.#zip.end();
    if (this.#error) throw this.#error;
    return new Blob(this.#parts, { type: "application/zip" });
  }
}

/** Lets the user save a file. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  // Browsers replace slashes; the folders are in zips only.
  link.download = name.split("/").pop()!;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * What the static site says of itself to its scripts.
 * This module is browser compatible.
 *
 * @module
 */
import type { ModelInfo } from "./model.ts";

/** A file of the site. */
export interface SiteFile {
  /** Its name, relative to the site. */
  readonly name: string;
  /** Its content, as `integrity` of `fetch` takes it. */
  readonly integrity: string;
  /** Whether its name holds the hash of its content. */
  readonly named: boolean;
}

/** A version of the site. */
export interface SiteVersion {
  /** The hash of all its files. */
  readonly version: string;
  /** All files that it needs. */
  readonly files: readonly SiteFile[];
}

/** What the page of the site works with. */
export interface SiteSettings {
  /** The name of the page. */
  readonly title: string;
  /** The script of the Worker that predicts. */
  readonly worker: string;
  /** The model. */
  readonly model: ModelInfo;
}

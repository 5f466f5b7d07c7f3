/**
 * Versions of the software that a run uses.
 *
 * @module
 */

/** This project's version, that of deno.json. */
export const VERSION = "0.2.0";

/** Versions of the software that a run uses. */
export interface ToolVersions {
  /** This project. */
  readonly unet: string;
  /** Deno. */
  readonly deno: string;
  /** Its JavaScript engine. */
  readonly v8: string;
  /** The device and its driver, as described by the platform. */
  readonly adapter: string;
}

/** The versions of this process, with the adapter that it uses. */
export function toolVersions(adapter: string): ToolVersions {
  return { unet: VERSION, deno: Deno.version.deno, v8: Deno.version.v8, adapter };
}

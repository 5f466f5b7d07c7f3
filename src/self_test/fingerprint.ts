/**
 * Identifies the kernels and their self-tests: a verdict, or a timing, is about exactly these.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { KERNEL_SOURCES } from "../../kernels/sources.ts";
import check from "./checks/check.ts" with { type: "text" };
import convolutions from "./checks/convolutions.ts" with { type: "text" };
import im2col from "./checks/im2col.ts" with { type: "text" };
import layers from "./checks/layers.ts" with { type: "text" };
import matrices from "./checks/matrices.ts" with { type: "text" };
import training from "./checks/training.ts" with { type: "text" };
import winograd from "./checks/winograd.ts" with { type: "text" };
import selfTest from "./self_test.ts" with { type: "text" };

const TESTS = [check, convolutions, im2col, layers, matrices, training, winograd, selfTest];

/**
 * SHA-256, in hexadecimal, of every kernel's text and host file and of the self-tests. Hashing the texts takes 2 ms;
 * building the self-tests' data would take 100.
 */
export async function kernelFingerprint(
  sources: ReadonlyMap<string, string> = KERNEL_SOURCES,
): Promise<string> {
  // As JSON, so that no text can be moved from one file to the next unnoticed.
  const bytes = new TextEncoder().encode(JSON.stringify([[...sources], TESTS]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

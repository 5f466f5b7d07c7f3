/**
 * Identifies the kernels and their self-tests: a verdict, or a timing, is about exactly these.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { KERNEL_SOURCES } from "../../kernels/sources.ts";
import { sha256 } from "../bytes.ts";
import admission from "./admission.ts" with { type: "text" };
import check from "./checks/check.ts" with { type: "text" };
import conv3x3Sums from "./checks/conv3x3_sums.ts" with { type: "text" };
import convolutions from "./checks/convolutions.ts" with { type: "text" };
import fused from "./checks/fused.ts" with { type: "text" };
import im2col from "./checks/im2col.ts" with { type: "text" };
import layers from "./checks/layers.ts" with { type: "text" };
import losses from "./checks/losses.ts" with { type: "text" };
import matrices from "./checks/matrices.ts" with { type: "text" };
import small from "./checks/small.ts" with { type: "text" };
import training from "./checks/training.ts" with { type: "text" };
import windows from "./checks/windows.ts" with { type: "text" };
import winograd from "./checks/winograd.ts" with { type: "text" };
import kernelGate from "./kernel_gate.ts" with { type: "text" };
import prove from "./prove.ts" with { type: "text" };
import selfTest from "./self_test.ts" with { type: "text" };

const TESTS = [
  admission,
  check,
  conv3x3Sums,
  convolutions,
  fused,
  im2col,
  kernelGate,
  layers,
  losses,
  matrices,
  prove,
  small,
  training,
  windows,
  winograd,
  selfTest,
];

/**
 * SHA-256, in hexadecimal, of every kernel's text and host file, of the self-tests, and of the file that turns their
 * results into verdicts. Hashing the texts takes 2 ms; building the self-tests' data would take 100.
 */
export function kernelFingerprint(
  sources: ReadonlyMap<string, string> = KERNEL_SOURCES,
): Promise<string> {
  // As JSON, so that no text can move from one file to the next unnoticed.
  return sha256(JSON.stringify([[...sources], TESTS]));
}

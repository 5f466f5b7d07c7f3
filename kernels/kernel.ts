/**
 * A kernel as plain data: everything needed to create its pipeline and dispatch it, without touching a GPU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { withParts } from "./parts/parts.ts";
import { specialize } from "./specialize.ts";

/** How a kernel uses one of its bindings. */
export type Access = "read" | "read_write" | "uniform";

/** One binding of group 0; its position in {@linkcode Kernel.bindings} is its binding number. */
export interface Binding {
  /** Name of the variable in the WGSL code. */
  readonly name: string;
  /** `read` and `read_write` are storage buffers. */
  readonly access: Access;
}

/** A specialized WGSL program. Kernels with equal code share a pipeline. */
export interface Kernel {
  /** Path of its file below `kernels/`, without the ending; names it in errors and timings. */
  readonly label: string;
  /** Complete WGSL code with the entry point `main`. */
  readonly code: string;
  /** Bindings in order; the last is the uniform `params`. */
  readonly bindings: readonly Binding[];
}

/** A kernel with all its arguments except the buffers. */
export interface Dispatch {
  /** The kernel to run. */
  readonly kernel: Kernel;
  /** Bytes of the uniform `params`, a multiple of 16. */
  readonly params: Uint8Array;
  /** Workgroups in x, y and z; each at most 65,535. */
  readonly workgroups: readonly [number, number, number];
}

const DECLARATION =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<(storage,\s*read_write|storage,\s*read|uniform)>\s*(\w+)\s*:/g;

/**
 * Describes WGSL code. Bindings are read from its declarations, so that code and host cannot disagree.
 *
 * @throws {SyntaxError} if bindings are not numbered 0, 1, 2, ... in order, or the last is not `params`
 */
export function defineKernel(label: string, code: string): Kernel {
  const bindings: Binding[] = [];
  for (const [, index, space, name] of code.matchAll(DECLARATION)) {
    if (Number(index) !== bindings.length) {
      throw new SyntaxError(
        `Cannot define kernel "${label}": expected binding ${bindings.length}, got ${index}`,
      );
    }
    const access = space === "uniform" ? "uniform" : space!.endsWith("read_write") ? "read_write" : "read";
    bindings.push({ name: name!, access });
  }
  if (bindings.at(-1)?.name !== "params") {
    throw new SyntaxError(`Cannot define kernel "${label}": its last binding is not "params"`);
  }
  return { label, code, bindings };
}

const kernels = new Map<string, Kernel>();

/**
 * The kernel of a WGSL file, with its parts appended and `constants` set; a text in `others` replaces the part of its
 * name. Memoized: equal arguments give the same object.
 */
export function kernel(
  label: string,
  code: string,
  constants: Readonly<Record<string, number | boolean>> = {},
  others: Readonly<Record<string, string>> = {},
): Kernel {
  const key = `${label} ${JSON.stringify(constants)} ${Object.values(others).join()}`;
  let made = kernels.get(key);
  if (made === undefined) {
    kernels.set(key, made = defineKernel(label, specialize(withParts(label, code, others), constants)));
  }
  return made;
}

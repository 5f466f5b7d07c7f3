/**
 * A kernel as plain data: what is needed to make a pipeline and to dispatch it, before any GPU is touched.
 *
 * @module
 */
import { withParts } from "./parts/parts.ts";
import { specialize } from "./specialize.ts";

/** How a kernel uses one of its bindings. */
export type Access = "read" | "read_write" | "uniform";

/** One binding of group 0; its position in {@linkcode Kernel.bindings} is its binding number. */
export interface Binding {
  /** The variable's name in the WGSL text. */
  readonly name: string;
  /** `read` and `read_write` are storage buffers. */
  readonly access: Access;
}

/** A specialised WGSL program; two kernels with the same code share one pipeline. */
export interface Kernel {
  /** Names the kernel in errors and timings: the path of its file below `kernels/`. */
  readonly label: string;
  /** The whole WGSL text; its entry point is `main`. */
  readonly code: string;
  /** The bindings in order; the last one is the uniform `params`. */
  readonly bindings: readonly Binding[];
}

/** One kernel with its arguments, all but the buffers. */
export interface Dispatch {
  /** What runs. */
  readonly kernel: Kernel;
  /** The bytes of the `params` uniform; a multiple of 16. */
  readonly params: Uint8Array;
  /** Workgroups in x, y and z; each at most 65,535. */
  readonly workgroups: readonly [number, number, number];
}

const DECLARATION =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<(storage,\s*read_write|storage,\s*read|uniform)>\s*(\w+)\s*:/g;

/**
 * Describes a WGSL text: reads the bindings out of their declarations, so that text and host cannot disagree.
 *
 * @throws {SyntaxError} where the binding numbers are not 0, 1, 2 ... in order, or the last is not `params`.
 */
export function defineKernel(label: string, code: string): Kernel {
  const bindings: Binding[] = [];
  for (const [, index, space, name] of code.matchAll(DECLARATION)) {
    if (Number(index) !== bindings.length) {
      throw new SyntaxError(
        `Cannot define kernel "${label}": binding ${index} stands at place ${bindings.length}`,
      );
    }
    const access = space === "uniform" ? "uniform" : space!.endsWith("read_write") ? "read_write" : "read";
    bindings.push({ name: name!, access });
  }
  if (bindings.at(-1)?.name !== "params") {
    throw new SyntaxError(`Cannot define kernel "${label}": its last binding is not the uniform "params"`);
  }
  return { label, code, bindings };
}

const kernels = new Map<string, Kernel>();

/**
 * The kernel of a WGSL file, with its parts and with some of the constants set; made once, so that equal kernels are
 * identical.
 */
export function kernel(
  label: string,
  code: string,
  constants: Readonly<Record<string, number | boolean>> = {},
): Kernel {
  const key = `${label} ${JSON.stringify(constants)}`;
  let made = kernels.get(key);
  if (made === undefined) {
    kernels.set(key, made = defineKernel(label, specialize(withParts(label, code), constants)));
  }
  return made;
}

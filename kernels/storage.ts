/**
 * Storage types of the tensors between layers. Kernels compute in float32: they read values through `f32()` or `vec4f()`
 * and write them through an alias of the element type, which {@linkcode halve} replaces with float16.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { defineKernel, type Dispatch, type Kernel } from "./kernel.ts";

/** Storage type of the tensors between layers. */
export type Precision = "f32" | "f16";

/** Bytes per value. */
export const BYTES: Readonly<Record<Precision, number>> = { f32: 4, f16: 2 };

/** Float16 counterparts of the types that an alias may have. */
const HALF: Readonly<Record<string, string>> = {
  "f32": "f16",
  "vec2f": "vec2<f16>",
  "vec4f": "vec4<f16>",
};

/** Bindings whose element type is an alias of their own name, such as `alias GradInput = vec4f;` for `grad_input`. */
export function storableBindings({ bindings, code }: Kernel): string[] {
  return bindings.map(({ name }) => name).filter((name) => declaration(name).test(code));
}

const halved = new WeakMap<Kernel, Map<string, Kernel>>();

/**
 * The kernel with the given bindings stored as float16. It needs the feature `shader-f16`.
 *
 * @throws {RangeError} if the element type of a binding is not an alias of its own name
 */
export function halve(kernel: Kernel, names: readonly string[]): Kernel {
  if (names.length === 0) return kernel;
  const made = halved.get(kernel) ?? new Map<string, Kernel>();
  halved.set(kernel, made);
  const key = names.join();
  let half = made.get(key);
  if (half === undefined) {
    const code = names.reduce((text, name) => halveBinding(kernel.label, text, name), kernel.code);
    // On the first line, so that line numbers in error messages match the kernel's file.
    made.set(key, half = defineKernel(kernel.label, `enable f16; ${code}`));
  }
  return half;
}

/** {@linkcode halve} for a dispatch. */
export function halveDispatch(dispatch: Dispatch, names: readonly string[]): Dispatch {
  return names.length === 0 ? dispatch : { ...dispatch, kernel: halve(dispatch.kernel, names) };
}

function halveBinding(label: string, code: string, name: string): string {
  const alias = new RegExp(`(alias ${aliasOf(name)} = )(\\w+);`);
  const type = alias.exec(code)?.[2];
  if (!declaration(name).test(code) || type === undefined || HALF[type] === undefined) {
    throw new RangeError(
      `Cannot store "${name}" of kernel "${label}" as f16: its element type is not the alias ${
        aliasOf(name)
      }`,
    );
  }
  return code.replace(alias, `$1${HALF[type]};`);
}

function declaration(name: string): RegExp {
  return new RegExp(`var<storage, \\w+> ${name}: array<${aliasOf(name)}>;`);
}

/** `grad_input` to `GradInput`. */
function aliasOf(name: string): string {
  return name.split("_").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

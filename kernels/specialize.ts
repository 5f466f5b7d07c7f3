/**
 * Setting the constants of WGSL code.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Replaces the values of `const NAME: u32 = 64u;`, `const NAME: f32 = 1.0;` and `const NAME: bool = false;`.
 *
 * The code is valid as written; a constant is set only if a pipeline needs a different value.
 *
 * @throws {RangeError} if a constant is not declared, or a value does not fit its type
 */
export function specialize(code: string, constants: Readonly<Record<string, number | boolean>>): string {
  let result = code;
  for (const [name, value] of Object.entries(constants)) {
    const declaration = new RegExp(`(const ${name}: (u32|i32|f32|bool) = )[^;]+;`);
    const type = declaration.exec(result)?.[2];
    if (type === undefined) {
      throw new RangeError(`Cannot specialize: the WGSL code declares no const "${name}"`);
    }
    result = result.replace(declaration, (_, head: string) => `${head}${literal(name, type, value)};`);
  }
  return result;
}

function literal(name: string, type: string, value: number | boolean): string {
  const whole = typeof value === "number" && Number.isInteger(value);
  if (type === "bool" && typeof value === "boolean") return String(value);
  if (type === "u32" && whole && value >= 0 && value < 2 ** 32) return `${value}u`;
  if (type === "i32" && whole && Math.abs(value) < 2 ** 31) return `${value}i`;
  if (type === "f32" && typeof value === "number" && Number.isFinite(value)) {
    return whole ? `${value}.0` : `${value}`;
  }
  throw new RangeError(`Cannot specialize: const "${name}" is ${type}, got ${value}`);
}

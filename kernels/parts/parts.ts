/**
 * What several kernels have in common. WGSL has no imports: a text names its parts in a line of its head,
 * `// Parts: relu.wgsl, step.wgsl.`, and is whole with them.
 *
 * @module
 */
import epilogueCode from "./epilogue.wgsl" with { type: "text" };
import pcg4dCode from "./pcg4d.wgsl" with { type: "text" };
import productParamsCode from "./product_params.wgsl" with { type: "text" };
import productCode from "./product.wgsl" with { type: "text" };
import putCode from "./put.wgsl" with { type: "text" };
import putVectorsCode from "./put_vectors.wgsl" with { type: "text" };
import reluCode from "./relu.wgsl" with { type: "text" };
import stepCode from "./step.wgsl" with { type: "text" };
import tapsCode from "./taps.wgsl" with { type: "text" };
import tileCode from "./tile.wgsl" with { type: "text" };
import winogradParamsCode from "./winograd_params.wgsl" with { type: "text" };

const PARTS: ReadonlyMap<string, string> = new Map([
  ["epilogue.wgsl", epilogueCode],
  ["pcg4d.wgsl", pcg4dCode],
  ["product.wgsl", productCode],
  ["product_params.wgsl", productParamsCode],
  ["put.wgsl", putCode],
  ["put_vectors.wgsl", putVectorsCode],
  ["relu.wgsl", reluCode],
  ["step.wgsl", stepCode],
  ["taps.wgsl", tapsCode],
  ["tile.wgsl", tileCode],
  ["winograd_params.wgsl", winogradParamsCode],
]);

/**
 * A kernel's text with its parts: what is compiled, and what pipelines and kept choices are found by.
 *
 * @throws {SyntaxError} where it names a part that does not exist.
 */
export function withParts(label: string, code: string): string {
  const names = /^\/\/ Parts: (.+)\.$/m.exec(code)?.[1]?.split(", ") ?? [];
  const parts = names.map((name) => {
    const part = PARTS.get(name);
    if (part === undefined) {
      throw new SyntaxError(`Cannot define kernel "${label}": it has no part "${name}"`);
    }
    return part;
  });
  // Behind the text, so that errors name the line that is in its file.
  return [code, ...parts].join("\n");
}

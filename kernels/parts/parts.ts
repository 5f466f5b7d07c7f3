/**
 * Code that kernels share. WGSL has no imports, so a kernel lists its parts in a line of its head,
 * `// Parts: relu.wgsl, step.wgsl.`, and the host appends them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import accumulateCode from "./accumulate.wgsl" with { type: "text" };
import accumulateVectorsCode from "./accumulate_vectors.wgsl" with { type: "text" };
import adamCode from "./adam.wgsl" with { type: "text" };
import combinedLossCode from "../loss/combined.wgsl" with { type: "text" };
import epilogueCode from "./epilogue.wgsl" with { type: "text" };
import fusedCode from "./fused.wgsl" with { type: "text" };
import fusedProductCode from "./fused_product.wgsl" with { type: "text" };
import lossCode from "./loss.wgsl" with { type: "text" };
import outerCode from "./outer.wgsl" with { type: "text" };
import pairsCode from "./pairs.wgsl" with { type: "text" };
import pcg4dCode from "./pcg4d.wgsl" with { type: "text" };
import pooledCode from "./pooled.wgsl" with { type: "text" };
import productCode from "./product.wgsl" with { type: "text" };
import productParamsCode from "./product_params.wgsl" with { type: "text" };
import quotientCode from "./quotient.wgsl" with { type: "text" };
import reluCode from "./relu.wgsl" with { type: "text" };
import smallMapsCode from "./small_maps.wgsl" with { type: "text" };
import stepCode from "./step.wgsl" with { type: "text" };
import tapsCode from "./taps.wgsl" with { type: "text" };
import tileCode from "./tile.wgsl" with { type: "text" };
import winograd4GradientCode from "./winograd4_gradient.wgsl" with { type: "text" };
import winograd4PatchCode from "./winograd4_patch.wgsl" with { type: "text" };
import winograd4ResultCode from "./winograd4_result.wgsl" with { type: "text" };
import winograd4TapsCode from "./winograd4_taps.wgsl" with { type: "text" };
import winograd4TapsGradientCode from "./winograd4_taps_gradient.wgsl" with { type: "text" };
import winogradParamsCode from "./winograd_params.wgsl" with { type: "text" };

const PARTS: ReadonlyMap<string, string> = new Map([
  ["adam.wgsl", adamCode],
  ["combined.wgsl", combinedLossCode],
  ["epilogue.wgsl", epilogueCode],
  ["fused.wgsl", fusedCode],
  ["fused_product.wgsl", fusedProductCode],
  ["loss.wgsl", lossCode],
  ["outer.wgsl", outerCode],
  ["pairs.wgsl", pairsCode],
  ["pcg4d.wgsl", pcg4dCode],
  ["pooled.wgsl", pooledCode],
  ["product.wgsl", productCode],
  ["product_params.wgsl", productParamsCode],
  ["accumulate.wgsl", accumulateCode],
  ["accumulate_vectors.wgsl", accumulateVectorsCode],
  ["quotient.wgsl", quotientCode],
  ["relu.wgsl", reluCode],
  ["small_maps.wgsl", smallMapsCode],
  ["step.wgsl", stepCode],
  ["taps.wgsl", tapsCode],
  ["tile.wgsl", tileCode],
  ["winograd4_gradient.wgsl", winograd4GradientCode],
  ["winograd4_patch.wgsl", winograd4PatchCode],
  ["winograd4_result.wgsl", winograd4ResultCode],
  ["winograd4_taps.wgsl", winograd4TapsCode],
  ["winograd4_taps_gradient.wgsl", winograd4TapsGradientCode],
  ["winograd_params.wgsl", winogradParamsCode],
]);

/**
 * Appends the parts that a kernel lists; a text in `others` replaces the part of its name. The result is what is compiled, and what keys pipelines and cached choices.
 *
 * @throws {SyntaxError} if a listed part does not exist
 */
export function withParts(
  label: string,
  code: string,
  others: Readonly<Record<string, string>> = {},
): string {
  const names = /^\/\/ Parts: (.+)\.$/m.exec(code)?.[1]?.split(", ") ?? [];
  const parts = names.map((name) => {
    const part = others[name] ?? PARTS.get(name);
    if (part === undefined) {
      throw new SyntaxError(`Cannot define kernel "${label}": there is no part "${name}"`);
    }
    return part;
  });
  // Appended, so that line numbers in error messages match the kernel's file.
  return [code, ...parts].join("\n");
}

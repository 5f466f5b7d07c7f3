/**
 * The classes of an evaluation, with their colors. This module is browser compatible.
 *
 * @module
 */
import type { Color } from "../../../image/draw.ts";
import { classColor, colorOfHex } from "../../../image/palette.ts";
import type { EvaluationResults } from "../../api/results.ts";

/** A class as panes show it. */
export interface ShownClass {
  readonly name: string;
  readonly color: Color;
}

/** The classes of an evaluation, at least one. */
export function classSpecs({ maps, scores, pooledByClass }: EvaluationResults): ShownClass[] {
  const names = Object.keys(pooledByClass ?? scores[0]?.classes ?? {});
  const specs = maps?.classes ?? (names.length > 0 ? names : [""]).map((name) => ({ name, color: "" }));
  return specs.map(({ name, color }, index) => ({ name, color: colorOfHex(color) ?? classColor(index + 1) }));
}

/**
 * The field that chooses a model. This module is browser compatible.
 *
 * @module
 */
import type { ModelInfo } from "../../api/model.ts";
import { h, uniqueId } from "../dom.ts";

/** The field; null if there is nothing to choose. */
export function drawModelChoice(
  models: readonly ModelInfo[],
  chosen: ModelInfo,
  onChoose: (model: ModelInfo) => void,
): HTMLElement | null {
  if (models.length < 2) return null;
  const id = uniqueId("model");
  const select = h(
    "select",
    { id, value: chosen.id, onchange: () => onChoose(models.find(({ id }) => id === select.value)!) },
    models.map(({ id, name, dice }) =>
      h("option", { value: id }, dice === null ? name : `${name} (Dice ${dice.toFixed(3)})`)
    ),
  );
  return h("div", { class: "field" }, h("label", { for: id }, "Model"), select);
}

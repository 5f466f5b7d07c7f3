/**
 * Predicts images in the browser, with a model of the board. This module is browser compatible.
 *
 * @module
 */
import type { ModelList } from "../../api/model.ts";
import { h } from "../dom.ts";
import { type View, viewHash } from "../view.ts";
import { PredictApp } from "./predict_app.ts";

/** The view; its path may be the id of a model. */
export const predictView: View = {
  name: "predict",
  title: "Predict",
  async open(root, [chosen], page) {
    const { models, problems } = await page.api.get<ModelList>(["models"]);
    const faults = problems.map(({ name, message }) =>
      h("p", { class: "predict-note" }, `Left out: ${name}: ${message.split("\n")[0]}`)
    );
    if (models.length === 0) {
      root.append(
        h("h1", {}, "Predict"),
        h(
          "div",
          { class: "panel empty" },
          h("p", {}, "There is no model yet: a run has one after its first epoch."),
          h(
            "p",
            {},
            h("code", {}, "deno task train"),
            " makes one; ",
            h("code", {}, "--model FILE"),
            " of the board takes any.",
          ),
          faults,
        ),
      );
      return () => {};
    }
    const app = new PredictApp(root, {
      models,
      chosen,
      onModel: ({ id }) => page.replace(viewHash("predict", id)),
      announce: page.announce,
      toast: (text, kind) => page.toast(text, kind),
    });
    root.append(...faults);
    return () => app.close();
  },
};

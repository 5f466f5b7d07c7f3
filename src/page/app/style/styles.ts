/**
 * The page's style. This module is browser compatible.
 *
 * @module
 */
import base from "./base.css" with { type: "text" };
import correct from "./correct.css" with { type: "text" };
import dataset from "./dataset.css" with { type: "text" };
import predict from "./predict.css" with { type: "text" };
import results from "./results.css" with { type: "text" };
import runs from "./runs.css" with { type: "text" };
import shell from "./shell.css" with { type: "text" };
import tokens from "./tokens.css" with { type: "text" };
import viewer from "./viewer.css" with { type: "text" };
import widgets from "./widgets.css" with { type: "text" };

/** All style sheets; later ones win. */
export const STYLE: string = [
  tokens,
  base,
  shell,
  widgets,
  viewer,
  runs,
  results,
  dataset,
  predict,
  correct,
].join("\n");

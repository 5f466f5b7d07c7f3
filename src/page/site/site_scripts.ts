/**
 * The scripts and the style of the static site.
 *
 * @module
 */
import base from "../app/style/base.css" with { type: "text" };
import predict from "../app/style/predict.css" with { type: "text" };
import shell from "../app/style/shell.css" with { type: "text" };
import site from "../app/style/site.css" with { type: "text" };
import tokens from "../app/style/tokens.css" with { type: "text" };
import viewer from "../app/style/viewer.css" with { type: "text" };
import widgets from "../app/style/widgets.css" with { type: "text" };
import { type SITE_ENTRIES, siteScripts } from "../bundle.ts";
import type { SiteParts } from "./site_files.ts";

/** The style sheet; later rules win. */
export const SITE_STYLE: string = [tokens, base, shell, widgets, viewer, predict, site].join("\n");

/** The scripts. Needs permission to read `src` and `kernels`, if they are not part of this program. */
export async function partScripts(): Promise<SiteParts["scripts"]> {
  const scripts = await siteScripts();
  const script = (name: keyof typeof SITE_ENTRIES) => scripts.get(name)!;
  return {
    app: script("site.js"),
    worker: script("predict_worker.js"),
    service: script("service_worker.js"),
  };
}

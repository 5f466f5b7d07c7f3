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
import { bundle, type PageScripts } from "../bundle.ts";
import type { SiteParts } from "./site_files.ts";

/** The scripts of the site, to the modules that they are made of. */
export const SITE_ENTRIES: Readonly<Record<string, string>> = {
  "site.js": "app/site/site.ts",
  "predict_worker.js": "app/predict/predict_worker.ts",
  "service_worker.js": "app/site/service_worker.ts",
};

/** The style sheet; later rules win. */
export const SITE_STYLE: string = [tokens, base, shell, widgets, viewer, predict, site].join("\n");

let embedded: Promise<PageScripts> | undefined;

/** Bundles the scripts. Needs permission to read `src` and `kernels`. */
export async function siteScripts(): Promise<SiteParts["scripts"]> {
  const scripts = await (embedded ??= bundle(SITE_ENTRIES));
  const script = (name: string) => scripts.get(name)!;
  return {
    app: script("site.js"),
    worker: script("predict_worker.js"),
    service: script("service_worker.js"),
  };
}

/**
 * Makes the static site of a model.
 *
 * @module
 */
import { type LoadedModel, loadModel } from "../../prediction/load_model.ts";
import { type ModelDescription, modelMetadata } from "../../unet/model_format.ts";
import { writeSafetensors } from "../../weights/safetensors.ts";
import { ifFound } from "../../fs/paths.ts";
import { describeModel, modelName } from "../model_info.ts";
import { siteFiles, type SiteParts } from "./site_files.ts";
import { partScripts, SITE_STYLE } from "./site_scripts.ts";
import { assertReplaceable, writeSite } from "./write_site.ts";

/** How a site is made. */
export interface SiteOptions {
  /** The model file. */
  readonly model: string;
  /** How weights are stored; defaults to `f32`. The network computes in float32. */
  readonly precision?: "f32" | "f16";
  /** The name of the page; defaults to the model's. */
  readonly title?: string | undefined;
  /** Called with what is done next. */
  readonly onProgress?: (step: string) => void;
}

/** What was written. */
export interface SiteReport {
  /** The folder. */
  readonly output: string;
  /** The name of the page. */
  readonly title: string;
  /** The hash of all files. */
  readonly version: string;
  /** Bytes of all files. */
  readonly byteLength: number;
  /** The names of the files. */
  readonly files: readonly string[];
  /** The model in the site. */
  readonly model: {
    readonly name: string;
    readonly precision: "f32" | "f16";
    readonly byteLength: number;
    /** Whether its file, or the sidecar next to it, states its input; if not, the original's is used. */
    readonly described: boolean;
    readonly size: number;
    readonly normalize: ModelDescription["normalize"];
  };
}

/**
 * Writes the site of a model to a folder, as a whole or not at all; an older site there is replaced.
 *
 * @throws {Error} if the model cannot be read, or the folder holds anything else
 */
export async function makeSite(folder: string, options: SiteOptions): Promise<SiteReport> {
  const output = folder.replace(/(?<=.)[\\/]+$/, "");
  await assertReplaceable(output);
  options.onProgress?.("bundling the scripts");
  const [scripts, loaded] = await Promise.all([partScripts(), loadModel(options.model)]);
  const model = await modelPart(loaded, options.precision ?? "f32");
  const title = options.title ?? `Segmentation: ${model.info.name}`;
  const { files, version } = await siteFiles({ title, scripts, style: SITE_STYLE, model });
  await writeSite(output, files);
  const byteLength = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const { name, precision } = model.info;
  const { described, description: { size, normalize } } = loaded;
  return {
    output,
    title,
    version,
    byteLength,
    files: [...files.keys()].sort(),
    model: { name, precision, byteLength: model.bytes.length, described, size, normalize },
  };
}

async function modelPart(
  { state, description, path }: LoadedModel,
  precision: "f32" | "f16",
): Promise<SiteParts["model"]> {
  const metadata = modelMetadata(publicDescription(description));
  const bytes = writeSafetensors(state, metadata, precision === "f16" ? "F16" : "F32");
  const mtime = (await ifFound(Deno.stat(path)))?.mtime;
  let parameters = 0;
  for (const { data } of state.values()) parameters += data.length;
  const info = {
    id: "site",
    name: modelName(path),
    ...describeModel(description),
    parameters,
    precision,
    trained: mtime?.toISOString().slice(0, 10) ?? null,
  };
  return { bytes, info };
}

/** What prediction needs and visitors may know: settings of the training run and its data may name the owner's machine. */
function publicDescription(description: ModelDescription): ModelDescription {
  const { network, size, normalize, range, threshold, classes, ignored, recipe, epoch, metrics } =
    description;
  return { network, size, normalize, range, threshold, classes, ignored, recipe, epoch, metrics };
}

/**
 * Finds the files of one model or several.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { RUN_FILES } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";
import { type EnsembleFile, memberFiles, readEnsembleFile } from "./ensemble_file.ts";
import { findModelFile, type ModelChoice } from "./load_model.ts";

/** How a task is told which models to use. */
export interface ModelsChoice extends Pick<ModelChoice, "runs" | "shipped"> {
  /** Model files, or the folders of runs. */
  readonly model?: readonly string[] | undefined;
  /** The folders of runs. */
  readonly run?: readonly string[] | undefined;
}

/** The files of the models, and the run that they are all of. */
export interface FoundModels {
  /** Their paths, at least one. */
  readonly paths: readonly string[];
  /** The run of folds or seeds that these are; null for any other models. */
  readonly ensemble: { readonly folder: string; readonly file: EnsembleFile } | null;
}

/**
 * The files of the models given, those of the given runs, or those of the newest run. A run of folds or seeds stands for
 * all of its models.
 *
 * @throws {Error} if there is none, with a hint
 */
export async function findModels({ model, run, runs, shipped }: ModelsChoice): Promise<FoundModels> {
  const named: ModelChoice[] = [
    ...(model ?? []).map((model) => ({ model })),
    ...(run ?? []).map((run) => ({ run })),
  ];
  const choices = named.length > 0 ? named : [{ model: await newestPlace({ runs, shipped }) }];
  const paths: string[] = [];
  let ensemble: FoundModels["ensemble"] = null;
  for (const choice of choices) {
    const place = choice.model ?? choice.run!;
    const info = await ifFound(Deno.stat(place));
    const file = info?.isDirectory ? await readEnsembleFile(place) : null;
    if (file === null) {
      paths.push(await findModelFile(choice));
      continue;
    }
    ensemble = { folder: place, file };
    paths.push(...await existing(place, file));
  }
  return { paths, ensemble: choices.length === 1 ? ensemble : null };
}

/** The newest run's folder if it is one of several models, else its model's file. */
async function newestPlace(choice: Pick<ModelChoice, "runs" | "shipped">): Promise<string> {
  const path = await findModelFile(choice);
  const run = dirname(dirname(dirname(path)));
  const file = await readEnsembleFile(run).catch(() => null);
  return file !== null && memberFiles(run, file).includes(path) ? run : path;
}

async function existing(folder: string, file: EnsembleFile): Promise<string[]> {
  const paths = memberFiles(folder, file);
  const found = await Promise.all(paths.map((path) => ifFound(Deno.stat(path))));
  const missing = found.filter((info) => info === null).length;
  if (missing === 0) return paths;
  const kind = file.members === "folds" ? "fold" : "seed";
  throw new Error(
    `Cannot use all models of ${JSON.stringify(folder)}: ${missing} of ${paths.length} ${kind}s ` +
      `${missing === 1 ? "has" : "have"} no ${RUN_FILES.best}\n` +
      `hint: deno task train --resume --run ${folder} trains the rest; --run ${
        join(folder, RUN_FILES[file.members], "0")
      } uses one`,
  );
}

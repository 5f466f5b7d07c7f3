/**
 * The commands that make a run's records again, from the records: none of them keeps what was typed, which may name
 * places outside the project.
 *
 * @module
 */
import type { Augmentation } from "../../../kernels/augment/augment.ts";
import { isRecord } from "../../fs/json_shape.ts";
import { FOLDERS } from "../../fs/layout.ts";
import { formatAugmentation } from "../../training/augmentation.ts";
import { completeTrainConfig } from "../../training/recipe.ts";
import type { TrainConfig } from "../../training/train_config.ts";
import type { EvaluationRecord } from "./evaluation_record.ts";
import type { RunRecords } from "./records.ts";

/** Shown for a folder that no record may name. */
export const UNKNOWN_DATA = "FOLDER";

/** Shown for a file of corrections, which no setting names. */
export const UNKNOWN_FILE = "FILE";

/** Settings whose defaults are those of the model that a run starts from. */
const FOLLOWS_INIT = ["size", "dropout", "learningRate", "loss"];

/** The settings that differ from those of their recipe, as flags and values; null if the recipe is unknown. */
export function changedSettings(
  config: Readonly<Record<string, unknown>>,
): [flag: string, value: string][] | null {
  let defaults: TrainConfig;
  try {
    defaults = completeTrainConfig({ recipe: `${config.recipe}` });
  } catch {
    return null;
  }
  const flags: [string, string][] = [];
  for (const [name, before] of Object.entries({ ...defaults, head: "sigmoid" })) {
    if (name === "recipe" || config[name] === undefined) continue;
    const value = settingText(name, config[name]);
    const follows = config.init !== undefined && FOLLOWS_INIT.includes(name);
    if (follows || value !== settingText(name, before)) flags.push([flagOf(name), value]);
  }
  const { classes, merge, oversample } = config;
  if (oversample !== undefined) {
    flags.push(["--corrections", UNKNOWN_FILE], ["--oversample", `${oversample}`]);
  }
  if (isRecord(config.init)) return [["--init", `${config.init.model}`], ...flags];
  if (Array.isArray(classes) && classes.length > 0) {
    flags.push(["--classes", classes.map((name) => `${name}`.replace(/[,+=]/g, "\\$&")).join(",")]);
  }
  if (Array.isArray(merge)) merge.forEach((union) => flags.push(["--merge", `${union}`]));
  return flags;
}

/** A setting as its flag takes it. */
export function settingText(name: string, value: unknown): string {
  if (name === "augment") return augmentationText(value);
  if (name === "init" && isRecord(value)) return `${value.model} (SHA-256 ${value.sha256})`;
  if (value === null) return "none";
  return Array.isArray(value)
    ? value.join(", ")
    : typeof value === "object"
    ? JSON.stringify(value)
    : `${value}`;
}

function augmentationText(value: unknown): string {
  try {
    return formatAugmentation(value as Augmentation | null);
  } catch {
    return JSON.stringify(value);
  }
}

/** `--batch-size` for `batchSize`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The command that trains such a run; null without settings. */
export function trainCommand({ folder, config, progress }: RunRecords): string | null {
  const settings = (progress?.config as Record<string, unknown> | undefined) ?? config;
  const changed = settings && changedSettings(settings);
  if (!settings || changed === null) return null;
  const flags = [["--recipe", `${settings.recipe}`], ...changed].flat();
  return commandLine("train", ["--run", folder, ...dataFlags(progress), ...flags]);
}

/** The command that resumes the run. */
export function resumeCommand({ folder, progress }: RunRecords): string {
  const data = progress?.dataFolder === null ? ["--data", UNKNOWN_DATA] : [];
  return commandLine("train", ["--resume", "--run", folder, ...data]);
}

/** The command that evaluates the run on a split, or that made an evaluation. */
export function evaluateCommand(records: RunRecords, evaluation: EvaluationRecord | null): string {
  const { folder, progress } = records;
  const model = isOwn(records, evaluation)
    ? ["--run", folder]
    : ["--model", evaluation!.model.file, "--output", folder];
  const data = progress === null ? [] : progress.dataFolder === null ? ["--data", UNKNOWN_DATA] : [];
  if (evaluation === null) return commandLine("evaluate", [...model, ...data]);
  const { split, threshold, spacing, bootstrap, findings, device } = evaluation;
  return commandLine("evaluate", [
    ...model,
    ...data,
    ...["--split", split],
    ...threshold === null ? [] : ["--threshold", `${threshold}`],
    ...spacing === null ? [] : ["--spacing", `${spacing[1]},${spacing[0]}`],
    ...bootstrap.seed ? ["--seed", `${bootstrap.seed}`] : [],
    ...device.kernels === "strict" ? ["--kernels", "strict"] : [],
    ...device.flips ? ["--flips"] : [],
    ...findings === null ? [] : ["--audit"],
  ]);
}

/** Whether an evaluation is of this run's own model, as far as its file name tells. */
function isOwn({ epochs, progress }: RunRecords, evaluation: EvaluationRecord | null): boolean {
  return evaluation === null || evaluation.model.file === "" || progress !== null || epochs.length > 0;
}

/** The command that makes the report again. */
export function reportCommand({ folder }: RunRecords): string {
  return commandLine("report", [folder]);
}

function dataFlags(progress: RunRecords["progress"]): string[] {
  const folder = progress?.dataFolder ?? UNKNOWN_DATA;
  return folder === FOLDERS.data ? [] : ["--data", folder];
}

function commandLine(task: string, args: readonly string[]): string {
  return ["deno task", task, ...args.map(quoted)].join(" ");
}

/** An argument as a shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

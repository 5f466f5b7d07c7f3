/**
 * The command that trains a run again, from its settings: none of its records keeps what was typed, which may name places
 * outside the project.
 *
 * @module
 */
import type { Augmentation } from "../../kernels/augment/augment.ts";
import { isRecord } from "../fs/json_shape.ts";
import { FOLDERS } from "../fs/layout.ts";
import { DEPTHS } from "../unet/config.ts";
import { formatAugmentation } from "./augmentation.ts";
import { AUTO_RECIPE, completeTrainConfig, recipeSettings } from "./recipe.ts";
import type { TrainConfig } from "./train_config.ts";

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
    const recipe = `${config.recipe}`;
    defaults = { ...completeTrainConfig({ recipe }), ...recipeSettings(recipe, config) };
  } catch {
    return null;
  }
  const flags: [string, string][] = [];
  for (const [name, before] of Object.entries({ ...defaults, ...ABSENT })) {
    if (name === "recipe" || config[name] === undefined) continue;
    const follows = config.init !== undefined && FOLLOWS_INIT.includes(name);
    if (name === "size") {
      const [flag, value] = inputFlag(config);
      if (follows || flag !== "--size" || value !== `${before}`) flags.push([flag, value]);
      continue;
    }
    const value = settingText(name, config[name]);
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

/** Settings that are absent if they have these values. */
const ABSENT = { head: "sigmoid", depth: DEPTHS.default, fit: "stretch", scale: 1 };

/** The input's size, or that of patches. */
function inputFlag(
  { size, height, patch }: Readonly<Record<string, unknown>>,
): [flag: string, value: string] {
  if (patch !== undefined) return ["--patch", `${patch}`];
  return ["--size", height === undefined ? `${size}` : `${size}x${height}`];
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

/** The command that trains such a run; null if its recipe is unknown. `dataFolder` is null if no record may name it. */
export function trainCommandOf(
  folder: string,
  dataFolder: string | null,
  settings: Readonly<Record<string, unknown>>,
): string | null {
  const changed = changedSettings(settings);
  if (changed === null) return null;
  const data = dataFolder ?? UNKNOWN_DATA;
  // On another machine auto would choose otherwise: strong is where it started from.
  const recipe = settings.recipe === AUTO_RECIPE ? "strong" : `${settings.recipe}`;
  const flags = [["--recipe", recipe], ...changed].flat();
  return commandLine("train", [
    "--run",
    folder,
    ...(data === FOLDERS.data ? [] : ["--data", data]),
    ...flags,
  ]);
}

/** A command as a shell takes it. */
export function commandLine(task: string, args: readonly string[]): string {
  return ["deno task", task, ...args.map(quoted)].join(" ");
}

/** An argument as a shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

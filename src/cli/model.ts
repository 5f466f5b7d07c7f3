/**
 * What the tasks that use a model share: their flags, and opening the model on the GPU.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { Gpu } from "../gpu/gpu.ts";
import { findModelFile, type LoadedModel, loadModel } from "../prediction/load_model.ts";
import { Predictor } from "../prediction/predictor.ts";
import { formatBytes, plural } from "./format.ts";
import { nameGpu, openTaskGpu } from "./task_gpu.ts";
import { GROUPS, number, writeStderr } from "./task.ts";

/** The values of the flags that {@linkcode addModelOptions} adds. */
export interface ModelFlags {
  /** The folder of a run. */
  readonly run?: string;
  /** A model file. */
  readonly model?: string;
  /** The probability above which a pixel is foreground. */
  readonly threshold?: number;
  /** Whether to average over mirrored images. */
  readonly flips?: boolean;
  /** Whether to use the software adapter. */
  readonly software?: boolean;
  /** The arithmetic of the kernels. */
  readonly kernels: "fast" | "strict";
  /** The folder of timed kernel choices; defaults to `dataset/.cache`. */
  readonly cache?: string;
}

/** A model on the GPU. */
export interface TaskModel {
  /** The device. */
  readonly gpu: Gpu;
  /** The content of the file. */
  readonly model: LoadedModel;
  /** The model, ready to predict. */
  readonly predictor: Predictor;
  /** The probability above which a pixel is foreground: the flag's, or else the model's own. */
  readonly threshold: number;
  /** Frees everything. */
  close(): void;
}

/** Adds the flags that choose the model and the device. */
export function addModelOptions(command: Command): Command {
  return command
    .optionsGroup(GROUPS.model)
    .addOption(new Option("--run <folder>", "the run whose best model is used").conflicts("model"))
    .option(
      "--model <file>",
      "a model file: .safetensors, or PyTorch's .pth (default: the best of the newest run)",
    )
    .option(
      "--threshold <number>",
      "the probability above which a pixel is foreground (default: the model's own, 0.5)",
      number(0, 1),
    )
    .option("--flips", "average over the image and its three mirrored copies: four times the work")
    .optionsGroup(GROUPS.device)
    .option("--software", "use the software adapter even if there is a GPU")
    .addOption(
      new Option(
        "--kernels <which>",
        "arithmetic: strict is slower, with the accuracy of plain float32 sums",
      )
        .choices(["fast", "strict"]).default("fast"),
    );
}

/** Opens the GPU, loads the model that the flags choose, and describes both to the user. */
export async function openModel(flags: ModelFlags): Promise<TaskModel> {
  const path = await findModelFile(flags);
  // One waits for the disk, the other for the driver.
  const [reading, opening] = await Promise.allSettled([
    loadModel(path),
    openTaskGpu({ software: flags.software ?? false, kernels: flags.kernels, cache: flags.cache }),
  ]);
  if (reading.status === "rejected") {
    if (opening.status === "fulfilled") opening.value.close();
    throw reading.reason;
  }
  const model = reading.value;
  writeStderr(describeModel(model));
  if (opening.status === "rejected") throw opening.reason;
  const gpu = opening.value;
  nameGpu(gpu);
  const predictor = await Predictor.create(gpu, model, { flips: flags.flips ?? false });
  return {
    gpu,
    model,
    predictor,
    threshold: flags.threshold ?? model.description.threshold,
    close() {
      predictor.close();
      gpu.close();
    },
  };
}

function describeModel({ path, description, described, state }: LoadedModel): string {
  const { network, size, normalize, recipe, epoch } = description;
  let byteLength = 0;
  for (const { data } of state.values()) byteLength += data.byteLength;
  const parts = [
    plural(network.filters, "filter"),
    ...(network.norm === "none" ? [] : [`${network.norm} norm`]),
    `${size} px`,
    `${normalize} normalization`,
    ...(recipe === undefined ? [] : [`recipe ${recipe}`]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    formatBytes(byteLength),
  ];
  const note = described
    ? ""
    : `note: the file does not describe its model; using the original's input, ${size} px and ` +
      `${normalize} normalization\n`;
  return `model ${path}: ${parts.join(", ")}\n${note}`;
}

/**
 * What the tasks that use a model share: their flags, and how the model is found, read and put on the GPU.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { Gpu } from "../gpu/gpu.ts";
import { findModelFile, type LoadedModel, loadModel } from "../prediction/load_model.ts";
import { Predictor } from "../prediction/predictor.ts";
import { formatBytes, plural } from "./format.ts";
import { nameGpu, openTaskGpu } from "./task_gpu.ts";
import { number, writeStderr } from "./task.ts";

/** The values of the flags that {@linkcode addModelOptions} adds. */
export interface ModelFlags {
  /** The folder of a run. */
  readonly run?: string;
  /** A model file. */
  readonly model?: string;
  /** A pixel is the mask's where its probability is above this. */
  readonly threshold?: number;
  /** Average over mirror images. */
  readonly flips?: boolean;
  /** Use the software adapter. */
  readonly software?: boolean;
  /** Arithmetic of the kernels. */
  readonly kernels: "fast" | "strict";
  /** The folder where timed kernel choices are kept, if not the default one. */
  readonly cache?: string;
}

/** A model on the GPU. */
export interface TaskModel {
  /** The device. */
  readonly gpu: Gpu;
  /** What the file holds. */
  readonly model: LoadedModel;
  /** It, ready to predict. */
  readonly predictor: Predictor;
  /** A pixel is the mask's where its probability is above this: the flag's, or else the model's own. */
  readonly threshold: number;
  /** Frees everything. */
  close(): void;
}

/** Adds the flags that choose a model and how it is run. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(new Option("--run <folder>", "the run whose best model is taken").conflicts("model"))
    .option(
      "--model <file>",
      "a model file: .safetensors, or PyTorch's .pth (default: that of the newest run)",
    )
    .option(
      "--threshold <number>",
      "a pixel is the mask's where its probability is above this (default: the model's own, 0.5)",
      number(0, 1),
    )
    .option("--flips", "average over the image and its three mirror images: four times the work")
    .option("--software", "use the software adapter even where there is a GPU")
    .addOption(
      new Option(
        "--kernels <which>",
        "arithmetic: strict is slower and has the accuracy of plain float32 sums",
      )
        .choices(["fast", "strict"]).default("fast"),
    );
}

/** Opens the GPU, reads the model that the flags choose, and says what it is. */
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
    `${normalize} normalisation`,
    ...(recipe === undefined ? [] : [`recipe ${recipe}`]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    formatBytes(byteLength),
  ];
  const note = described
    ? ""
    : `note: the file does not describe its model: images are taken as by the original, ${size} px and ` +
      `${normalize} normalisation\n`;
  return `model ${path}: ${parts.join(", ")}\n${note}`;
}

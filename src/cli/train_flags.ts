/**
 * The flags of `train`, by group.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { FOLDERS } from "../fs/layout.ts";
import { DEFAULT_PROJECT } from "../training/run_job.ts";
import { DEFAULT_SAMPLES } from "../training/sample_images.ts";
import { addClassOptions } from "./class_options.ts";
import { addCorrectionsOption } from "./corrections_option.ts";
import { addEnsembleOptions } from "./ensemble_options.ts";
import { retuneOption } from "./kernel_choices.ts";
import { GROUPS, integer } from "./task.ts";
import { addConfigOptions } from "./train_options.ts";

/** Adds the flags of a training run to a command. */
export function addTrainFlags(train: Command): void {
  train
    .optionsGroup(GROUPS.data)
    .option("--data <folder>", "the dataset, with train/ and valid/ (or val/)", FOLDERS.data)
    .option("--cache <folder>", "where prepared images and timed kernel choices are stored", FOLDERS.cache);
  addCorrectionsOption(train);
  addConfigOptions(train, "data");
  addClassOptions(train);
  train.optionsGroup(GROUPS.network);
  train.option(
    "--init <model>",
    "start from a trained model, a file or the folder of its run, instead of random weights; its network, classes and " +
      "normalization are kept",
  );
  addConfigOptions(train, "network");
  train.optionsGroup(GROUPS.training);
  addConfigOptions(train, "training");
  addEnsembleOptions(train);
  train.optionsGroup(GROUPS.device);
  addConfigOptions(train, "device");
  train
    .option("--software", "use the software adapter even if there is a GPU")
    .addOption(retuneOption("CACHE"))
    .optionsGroup(GROUPS.output)
    .option(
      "--run <folder>",
      "the run's folder (default: runs/ and the recipe's name; runs/budget with --budget)",
    )
    .option("--resume", "resume the run in the folder, with its own data and settings")
    .option(
      "--force",
      "with --resume: resume even if data or settings differ; without: replace the existing run",
    )
    .option("--dry-run", "print what training would need, and stop")
    .addOption(
      new Option(
        "--swanlab <how>",
        "SwanLab: files in RUN/swanlog, or a server as well (online), by SWANLAB_API_KEY and SWANLAB_API_HOST",
      )
        .choices(["offline", "online", "off"]).default("offline"),
    )
    .option("--project <name>", "project name at SwanLab", DEFAULT_PROJECT)
    .option("--tensorboard", "write TensorBoard files to RUN/tb", true)
    .option("--no-tensorboard", "do not write TensorBoard files")
    .option(
      "--samples <count>",
      "validation images to draw after epochs, and for SwanLab and TensorBoard at best epochs and at the end; 0 for none",
      integer(0, 64),
      DEFAULT_SAMPLES,
    )
    .option("--json", "print the result as one JSON document");
}

/**
 * `train`: trains a network on a dataset, into a run's folder.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { formatPercent } from "../src/cli/format.ts";
import { stopOnInterrupt } from "../src/cli/interrupt.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { keptChoices, retune, retuneOption } from "../src/cli/kernel_choices.ts";
import { addConfigOptions, givenConfig } from "../src/cli/train_options.ts";
import { describeEstimate, describePlan, TrainView } from "../src/cli/train_view.ts";
import {
  completeTrainConfig,
  type KernelChoices,
  planRun,
  type SwanLabOnlineOptions,
  type TrainConfig,
  type TrainResult,
  trainRun,
} from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface Options extends TrainConfig {
  readonly data: string;
  readonly run?: string;
  readonly cache: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly software?: boolean;
  readonly retune?: number;
  readonly swanlab: "offline" | "online" | "off";
  readonly project: string;
  readonly tensorboard: boolean;
  readonly json?: boolean;
}

/** Where the dataset is unless told otherwise. */

/** Seconds between two looks at the device: often enough for a bar that moves, else for a plain line now and then. */
const READ_SECONDS = { terminal: 2, plain: 10 };

/** The `train` command. */
export function command(): Command {
  const train = createCommand(
    "train",
    "Trains a network on a dataset's train split, validates on its valid split after each epoch, and keeps the best " +
      "epoch's weights in RUN/best.safetensors. Ctrl-C saves and stops; --resume goes on to the same weights, bit for " +
      "bit, as if nothing had happened.",
  );
  addRunOptions(train);
  addConfigOptions(train);
  return train.action(async (options: Options) => {
    const typed = (name: string) => train.getOptionValueSource(name) === "cli";
    const config = givenConfig(options, typed);
    const data = typed("data") ? options.data : undefined;
    const choices = await chooseKernels(options, config);
    await (options.dryRun ? plan : run)(options, config, data, choices);
  });
}

function addRunOptions(train: Command): void {
  train
    .option("--data <folder>", "the dataset, with train/ and valid/ (or val/)", FOLDERS.data)
    .option("--run <folder>", "the run's folder (default: runs/ and the recipe's name)")
    .option("--resume", "go on with the run in the folder, with its own data and settings")
    .option(
      "--force",
      "with --resume: go on although data or settings are others; without: replace the run that is there",
    )
    .option("--dry-run", "say what training would need, and stop")
    .option("--cache <folder>", "where prepared images are kept", FOLDERS.cache)
    .option("--software", "use the software adapter even where there is a GPU")
    .addOption(retuneOption("CACHE"))
    .addOption(
      new Option(
        "--swanlab <how>",
        "SwanLab: files in RUN/swanlog, or a server too, by SWANLAB_API_KEY and SWANLAB_API_HOST",
      )
        .choices(["offline", "online", "off"]).default("offline"),
    )
    .option("--project <name>", "the project's name at SwanLab", "deno-unet")
    .option("--tensorboard", "write TensorBoard's files to RUN/tb", true)
    .option("--no-tensorboard", "write none")
    .option("--json", "print the result as one JSON document");
}

/** The variants that are kept for this device, or timed now where that is asked for. */
function chooseKernels(
  { cache, software = false, retune: seconds }: Options,
  config: Partial<TrainConfig>,
): Promise<KernelChoices | undefined> {
  // The settings of a run that goes on may not be complete; its recipe is.
  const { recipe = completeTrainConfig().recipe } = config;
  const kernels = config.kernels ?? completeTrainConfig({ recipe }).kernels;
  const device = { software, kernels };
  return seconds === undefined ? keptChoices(cache, device) : retune(cache, device, seconds);
}

async function plan(
  options: Options,
  given: Partial<TrainConfig>,
  data: string | undefined,
  choices: KernelChoices | undefined,
): Promise<void> {
  const view = new TrainView(writer(options));
  const planned = await planRun({
    dataFolder: data,
    cacheFolder: options.cache,
    config: given,
    software: options.software,
    choices,
  }, view);
  view.close();
  if (options.json) return writeStdout(`${JSON.stringify(planned, null, 2)}\n`);
  const { secondsPerEpoch, config: { epochs } } = planned;
  writeStdout(
    describePlan(planned) + (secondsPerEpoch === null ? "" : describeEstimate(secondsPerEpoch, epochs)),
  );
}

async function run(
  options: Options,
  config: Partial<TrainConfig>,
  data: string | undefined,
  choices: KernelChoices | undefined,
): Promise<void> {
  const folder = options.run ?? `runs/${options.recipe}`;
  const view = new TrainView(writer(options));
  const stop = stopOnInterrupt("saving and stopping; press Ctrl-C again to stop at once", view.onForeignLine);
  let result: TrainResult;
  try {
    result = await trainRun({
      folder,
      dataFolder: data,
      cacheFolder: options.cache,
      config,
      resume: options.resume,
      force: options.force,
      software: options.software,
      choices,
      signal: stop.signal,
      readEverySeconds: Deno.stderr.isTerminal() ? READ_SECONDS.terminal : READ_SECONDS.plain,
      tracking: {
        swanlab: options.swanlab,
        online: options.swanlab === "online" ? access() : undefined,
        project: options.project,
        tensorboard: options.tensorboard,
      },
    }, view);
  } finally {
    stop.release();
    view.close();
  }
  if (options.json) writeStdout(`${JSON.stringify({ folder, ...result }, null, 2)}\n`);
  writer(options)(describeResult(folder, result));
  if (result.outcome === "interrupted") stop.signal.throwIfAborted();
}

/** Without --json standard output is for people. */
function writer({ json }: Options): (text: string) => void {
  return json ? writeStderr : writeStdout;
}

/** Where SwanLab's server is and who is there; read only where it is asked for. */
function access(): SwanLabOnlineOptions {
  return { apiKey: Deno.env.get("SWANLAB_API_KEY") ?? "", host: Deno.env.get("SWANLAB_API_HOST") };
}

function describeResult(
  folder: string,
  { outcome, dataFolder, epochs, best, syncCommand }: TrainResult,
): string {
  const lines: string[] = [];
  if (outcome === "interrupted") {
    lines.push(`saved after epoch ${epochs}; go on with:  deno task train --resume --run ${folder}`);
  } else if (outcome === "stopped") {
    lines.push(`stopped after epoch ${epochs}: the validation loss no longer falls`);
  } else lines.push(`finished after epoch ${epochs}`);
  if (best) {
    const { metrics } = best;
    const share = (name: string) => formatPercent(metrics[`valid/${name}`]!);
    const fixed = (name: string) => (metrics[`valid/${name}`] ?? NaN).toFixed(4);
    lines.push(
      `best epoch ${best.epoch}: validation loss ${fixed("loss")}, accuracy ${share("accuracy")}, ` +
        `Dice ${fixed("dice")}, IoU ${fixed("iou")}`,
      `its weights   ${folder}/best.safetensors`,
      `all numbers   ${folder}/metrics.jsonl`,
    );
  }
  if (syncCommand) lines.push(`to SwanLab    ${syncCommand}`);
  if (outcome !== "interrupted") {
    lines.push(
      `evaluate it   deno task evaluate --run ${folder}${
        dataFolder === FOLDERS.data ? "" : ` --data ${dataFolder}`
      }`,
      `use it        deno task predict --run ${folder} IMAGE...`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

if (import.meta.main) await main(command());

/**
 * `train`: trains a network on a dataset, into a run's folder.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatPercent } from "../src/cli/format.ts";
import {
  createCommand,
  EXIT,
  ExitError,
  integer,
  main,
  number,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { describePlan, TrainView } from "../src/cli/train_view.ts";
import {
  AUGMENTATION_SYNTAX,
  completeTrainConfig,
  parseAugmentation,
  planRun,
  RECIPES,
  SCHEDULES,
  type SwanLabOnlineOptions,
  type TrainConfig,
  type TrainResult,
  trainRun,
  UNANNOTATED,
} from "../mod.ts";

interface Options extends TrainConfig {
  readonly data: string;
  readonly run?: string;
  readonly cache: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly software?: boolean;
  readonly swanlab: "offline" | "online" | "off";
  readonly project: string;
  readonly tensorboard: boolean;
  readonly json?: boolean;
}

/** Where the dataset is unless told otherwise. */
const DATA = "dataset";

/** Seconds between two looks at the device: often enough for a bar that moves, else for a plain line now and then. */
const READ_SECONDS = { terminal: 2, plain: 10 };

const DEFAULTS = completeTrainConfig();

/** Seeds are keys of 32 bits. */
const MAX_SEED = 2 ** 32 - 1;

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
    // Only what was typed goes before a recipe, or before the settings of a run that goes on.
    const typed = Object.entries(options).filter(([name]) => train.getOptionValueSource(name) === "cli");
    const config = Object.fromEntries(typed.filter(([name]) => name in DEFAULTS)) as Partial<TrainConfig>;
    const data = typed.some(([name]) => name === "data") ? options.data : undefined;
    await (options.dryRun ? plan : run)(options, config, data);
  });
}

function addRunOptions(train: Command): void {
  train
    .option("--data <folder>", "the dataset, with train/ and valid/ (or val/)", DATA)
    .option("--run <folder>", "the run's folder (default: runs/ and the recipe's name)")
    .option("--resume", "go on with the run in the folder, with its own data and settings")
    .option(
      "--force",
      "with --resume: go on although data or settings are others; without: replace the run that is there",
    )
    .option("--dry-run", "say what training would need, and stop")
    .option("--cache <folder>", "where prepared pictures are kept", "dataset/.cache")
    .option("--software", "use the software adapter even where there is a GPU")
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

function addConfigOptions(train: Command): void {
  const choice = (flags: string, text: string, choices: readonly string[], name: keyof TrainConfig) =>
    train.addOption(new Option(flags, text).choices([...choices]).default(DEFAULTS[name]));
  choice(
    "--recipe <name>",
    "settings to begin with; a flag that is given goes before the recipe's",
    Object.keys(RECIPES),
    "recipe",
  );
  train
    .option("--epochs <number>", "most epochs", integer(1, 100_000), DEFAULTS.epochs)
    .option("--batch-size <number>", "pictures of a batch", integer(1, 4096), DEFAULTS.batchSize)
    .option(
      "--learning-rate <number>",
      "step size before any schedule",
      number(1e-12, 10),
      DEFAULTS.learningRate,
    )
    .option("--filters <number>", "feature maps of the first block", integer(1, 1024), DEFAULTS.filters)
    .option(
      "--size <pixels>",
      "height and width of the input, a multiple of 32",
      inputSize,
      DEFAULTS.size,
    )
    .option(
      "--patience <epochs>",
      "stop after so many without a lower validation loss; 0 for never",
      integer(0, 100_000),
      DEFAULTS.patience,
    )
    .option("--seed <number>", "key of all random draws", integer(0, MAX_SEED), DEFAULTS.seed)
    .option("--dropout <share>", "of the bottleneck's elements", number(0, 0.999), DEFAULTS.dropout);
  choice("--norm <kind>", "normalisation within the network", ["none", "instance"], "norm");
  choice(
    "--normalize <how>",
    "pictures by ImageNet's mean and deviation, or each by its own",
    ["imagenet", "picture"],
    "normalize",
  );
  choice("--kernels <which>", "arithmetic: strict is slower, as accurate as plain float32", [
    "fast",
    "strict",
  ], "kernels");
  choice(
    "--unannotated <how>",
    "pictures without annotations: empty takes them as free of tumors, skip leaves them out",
    UNANNOTATED,
    "unannotated",
  );
  choice(
    "--optimizer <name>",
    "adamw decays weights apart from the gradient",
    ["adam", "adamw"],
    "optimizer",
  );
  train.option(
    "--weight-decay <number>",
    "of adamw (default: 0.01 with adamw)",
    number(0, 10),
  );
  choice("--schedule <name>", "of the learning rate", SCHEDULES, "schedule");
  train
    .option(
      "--warmup <epochs>",
      "over which the learning rate rises from nothing",
      number(0, 100_000),
      DEFAULTS.warmup,
    )
    .option(
      "--clip <norm>",
      "clip the whole gradient to this norm; 0 for none",
      number(0, 1e6),
      DEFAULTS.clip,
    )
    .option(
      "--accumulate <batches>",
      "average the gradients of so many batches",
      integer(1, 4096),
      DEFAULTS.accumulate,
    )
    .addOption(
      new Option("--augment <what>", `random changes of pictures with their masks: ${AUGMENTATION_SYNTAX}`)
        .argParser(augmentation).default(DEFAULTS.augment, "none"),
    )
    .option(
      "--average <decay>",
      "validate and keep a moving average of the weights, such as 0.99; 0 for none",
      number(0, 0.999999),
      DEFAULTS.average,
    );
}

function inputSize(text: string): number {
  const value = integer(32, 8192)(text);
  if (value % 32 !== 0) throw new InvalidArgumentError("expected a multiple of 32.");
  return value;
}

function augmentation(text: string): TrainConfig["augment"] {
  try {
    return parseAugmentation(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

async function plan(options: Options, config: Partial<TrainConfig>, data: string | undefined): Promise<void> {
  const view = new TrainView(writer(options));
  const planned = await planRun({
    dataFolder: data,
    cacheFolder: options.cache,
    config,
    software: options.software,
  }, view);
  view.close();
  if (options.json) writeStdout(`${JSON.stringify(planned, null, 2)}\n`);
  else {writeStdout(
      `${describePlan(planned)}time          not measured in a dry run: the first steps of a run tell it\n`,
    );}
}

async function run(options: Options, config: Partial<TrainConfig>, data: string | undefined): Promise<void> {
  const folder = options.run ?? `runs/${options.recipe}`;
  const view = new TrainView(writer(options));
  const stop = stopOnInterrupt(view);
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
  if (result.outcome === "interrupted") throw new ExitError(EXIT.interrupted);
}

/** Without --json standard output is for people. */
function writer({ json }: Options): (text: string) => void {
  return json ? writeStderr : writeStdout;
}

/** The first Ctrl-C asks the training to save and stop; then nobody listens, and a second one ends the process at once. */
function stopOnInterrupt(view: TrainView): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const release = () => Deno.removeSignalListener("SIGINT", listener);
  const listener = () => {
    release();
    view.onNote("saving and stopping; press Ctrl-C again to stop at once");
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", listener);
  return { signal: controller.signal, release };
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
      `evaluate it   deno task evaluate --run ${folder}${dataFolder === DATA ? "" : ` --data ${dataFolder}`}`,
      `use it        deno task predict --run ${folder} PICTURE...`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

if (import.meta.main) await main(command());

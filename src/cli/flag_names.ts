/**
 * Names that other programs give to this project's flags, so that an unknown flag is answered with the real one.
 *
 * @module
 */

/** The flags of this project, and what peers call them; the first flag that a task has is suggested. */
const PEER_NAMES: readonly (readonly [flags: readonly string[], names: readonly string[]])[] = [
  [["--learning-rate"], ["lr", "lr0", "learning", "base-lr", "init-lr"]],
  [["--batch-size", "--batch"], ["batch", "bs", "b", "batch-size", "batches", "train-batch-size"]],
  [["--size"], [
    "imgsz",
    "img",
    "img-size",
    "image-size",
    "input-size",
    "crop-size",
    "patch-size",
    "resolution",
    "resize",
  ]],
  [["--epochs"], ["e", "epoch", "num-epochs", "n-epochs", "max-epochs", "num-train-epochs"]],
  [["--filters"], ["features", "channels", "base-channels", "width", "init-features"]],
  [["--weight-decay"], ["wd", "decay", "l2"]],
  [["--optimizer"], ["opt", "optim"]],
  [["--schedule"], ["scheduler", "lr-scheduler", "sched", "cos-lr"]],
  [["--warmup"], ["warmup-epochs"]],
  [["--patience"], ["early-stop", "early-stopping"]],
  [["--accumulate"], ["grad-accum", "accumulation-steps", "gradient-accumulation-steps", "nbs"]],
  [["--clip"], ["clip-grad", "grad-clip", "gradient-clip-val", "max-grad-norm"]],
  [["--average"], ["ema", "ema-decay"]],
  [["--precision"], ["amp", "half", "fp16", "mixed-precision", "dtype"]],
  [["--augment"], ["aug", "augmentation", "augmentations", "transforms"]],
  [["--loss"], ["criterion", "loss-fn"]],
  [["--dropout"], ["drop", "drop-rate", "dropout-rate"]],
  [["--seed"], ["random-seed", "random-state"]],
  [["--software"], ["device", "gpu", "gpus", "cuda", "cpu", "no-cuda"]],
  [["--threshold"], ["conf", "conf-thres", "confidence", "mask-threshold", "thresh", "t"]],
  [["--flips"], ["tta", "augment"]],
  [["--classes"], ["num-classes", "n-classes", "nc", "class-names", "labels"]],
  [["--model", "--init"], ["weights", "m", "load", "pretrained", "model-path"]],
  [["--model", "--resume"], ["ckpt", "checkpoint"]],
  [["--resume"], ["continue", "resume-from", "c"]],
  [["--data"], ["d", "dataset", "data-dir", "data-path", "root", "input", "source"]],
  [["--output", "--run"], [
    "o",
    "out",
    "outdir",
    "out-dir",
    "output-dir",
    "output-path",
    "save-dir",
    "save-path",
    "results",
  ]],
  [["--run"], ["name", "exp", "exp-name", "run-name", "experiment", "log-dir", "logdir", "run-dir"]],
  [["--valid"], ["val", "val-split", "val-size", "validation", "valid-size"]],
  [["--test"], ["test-split", "test-size"]],
  [["--swanlab"], ["wandb", "logger", "report-to"]],
  [["--force"], ["f", "y", "yes", "overwrite", "exist-ok"]],
  [["--min-area"], ["min-size", "min-pixels"]],
  [["--dry-run"], ["n", "test-run"]],
];

/** What peers let users set and this project needs no flag for. */
const NEEDLESS: readonly (readonly [names: readonly string[], why: string])[] = [
  [["workers", "num-workers", "j", "threads"], "images are read by as many workers as there are cores"],
  [["gpu", "gpus", "cuda", "device"], "the GPU is used if there is one"],
];

/** What peers let users set in one program and this project does in another task. */
const ELSEWHERE: readonly (readonly [names: readonly string[], task: string, how: string])[] = [
  [
    ["val", "val-split", "val-size", "val-ratio", "val-fraction", "validation-split", "valid", "valid-size"],
    "split",
    "deno task split DATA --valid SHARE divides a dataset into train, valid and test",
  ],
  [
    ["test", "test-split", "test-size", "test-ratio"],
    "split",
    "deno task split DATA --test SHARE divides a dataset into train, valid and test",
  ],
  [["train-split", "train-size", "split-ratio", "ratio"], "split", "deno task split DATA divides a dataset"],
  [["export", "onnx", "format"], "convert", "deno task convert MODEL OUT writes other formats"],
];

/** Names of flags whose values are arguments of some tasks. */
const ARGUMENT_NAMES = ["d", "i", "data", "data-dir", "dataset", "source", "input", "image", "images", "zip"];

/** What a task accepts. */
export interface TaskFlags {
  /** Its long flags. */
  readonly flags: readonly string[];
  /** Its first argument as its help shows it: `<path...>`; null if it has none. */
  readonly argument: string | null;
  /** How it is run: `deno task predict`. */
  readonly invocation: string;
}

/** What to use in place of a flag that a task does not have; null if no peer is known to call anything so. */
export function peerFlagHint(typed: string, { flags, argument, invocation }: TaskFlags): string | null {
  const name = typed.replace(/=.*$/s, "").replace(/^-+/, "").replaceAll("_", "-").toLowerCase();
  if (name === "") return null;
  const spelled = flags.find((flag) => flag.replaceAll("-", "") === name.replaceAll("-", ""));
  const flag = flags.includes(`--${name}`) ? `--${name}` : spelled ?? PEER_NAMES
    .filter(([, names]) => names.includes(name))
    .flatMap(([candidates]) => candidates)
    .find((candidate) => flags.includes(candidate));
  const needless = NEEDLESS.find(([names]) => names.includes(name))?.[1];
  if (needless !== undefined) {
    return flag === undefined
      ? `leave it out: ${needless}`
      : `leave it out: ${needless}; ${flag} uses the CPU`;
  }
  if (flag !== undefined) return `use ${flag}`;
  const elsewhere = ELSEWHERE.find(([names, task]) =>
    names.includes(name) && !invocation.endsWith(` ${task}`)
  );
  if (elsewhere !== undefined) return elsewhere[2];
  if (argument !== null && ARGUMENT_NAMES.includes(name)) {
    return `give it without a flag: ${invocation} ${argument}`;
  }
  return null;
}

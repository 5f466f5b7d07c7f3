/**
 * The commands that make a run's records again, from the records: none of them keeps what was typed, which may name
 * places outside the project.
 *
 * @module
 */
import { commandLine, trainCommandOf, UNKNOWN_DATA } from "../../training/train_command.ts";
import type { EvaluationRecord } from "./evaluation_record.ts";
import type { RunRecords } from "./records.ts";

/** The command that trains such a run; null without settings. */
export function trainCommand({ folder, config, progress }: RunRecords): string | null {
  const settings = (progress?.config as Record<string, unknown> | undefined) ?? config;
  return settings && trainCommandOf(folder, progress?.dataFolder ?? null, settings);
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

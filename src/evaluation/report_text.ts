/**
 * An evaluation as text for the terminal: summary, loss, audit and written files.
 *
 * @module
 */
import { LOSSES } from "../../kernels/loss/definition.ts";
import { escapeLine } from "../escape.ts";
import type { Head } from "../unet/config.ts";
import { formatAppearance } from "./appearance_summary.ts";
import { AUDIT_REASONS, type AuditKind } from "./audit.ts";
import type { StoredMaps } from "./map_storage.ts";
import type { SplitLoss } from "./split_loss.ts";
import { formatSummary } from "./summary_text.ts";
import type { EvaluationReport } from "./run_evaluation.ts";

/** Findings that the text lists; the table has all of them. */
const SHOWN_FINDINGS = 10;

/** Formats an evaluation as plain text: numbers, the strongest findings, and the paths of all files. */
export function formatEvaluation(report: EvaluationReport): string {
  const { split, summary, loss, audit, maps, files, settings } = report;
  const parts: string[] = [];
  if (summary !== null && loss !== null) {
    parts.push(
      `${escapeLine(split)}, masks ${describeCompared(settings)}, ${describeDecision(settings)}\n` +
        formatSummary(summary, { unit: settings.unit }) + formatLoss(loss, settings.head),
    );
  }
  if (report.appearance) parts.push(formatAppearance(report.appearance));
  if (audit !== null) parts.push(formatAudit(report, audit));
  parts.push(
    (maps === undefined ? "" : formatMaps(maps)) +
      Object.values(files).filter((path) => path !== null).map((path) => `wrote ${escapeLine(path)}\n`).join(
        "",
      ),
  );
  return parts.join("\n");
}

function describeCompared({ size, height = size, compared }: EvaluationReport["settings"]): string {
  return compared === "image" ? "at the size of each image" : `of ${size} x ${height} px`;
}

function formatMaps({ folder, images, omitted, byteLength }: StoredMaps): string {
  const size = `${Math.ceil(byteLength / Math.max(1, images) / 1000)} kB each`;
  const rest = omitted === 0 ? "" : `; ${omitted} more would take too much of the disk`;
  return `wrote ${escapeLine(folder)}: probability maps of ${images} images, ${size}${rest}\n`;
}

/** How a pixel gets its class. */
function describeDecision({ threshold }: EvaluationReport["settings"]): string {
  return threshold === null ? "most probable class" : `threshold ${threshold}`;
}

function formatLoss({ weighted, batchMean, batchSize, name }: SplitLoss, head: Head = "sigmoid"): string {
  const entropy = head === "softmax" ? "cross-entropy" : "BCE";
  const fixed = (value: number) => value.toFixed(4);
  const { DICE_WEIGHT, BCE_WEIGHT } = LOSSES.combined.constants;
  const parts = name === undefined
    ? ` = ${DICE_WEIGHT} Dice loss ${fixed(weighted.diceLoss)} + ${BCE_WEIGHT} ${entropy} ${
      fixed(weighted.bce)
    }`
    : ` (${name}); Dice loss ${fixed(weighted.diceLoss)}, ${entropy} ${fixed(weighted.bce)}`;
  return `loss         ${fixed(weighted.loss)}${parts}\n` +
    `             mean of batches of ${batchSize}, like the original: ${fixed(batchMean.loss)}, accuracy ` +
    `${fixed(batchMean.accuracy)}\n`;
}

function formatAudit(
  { split, data }: EvaluationReport,
  findings: NonNullable<EvaluationReport["audit"]>,
): string {
  const kinds = Object.keys(AUDIT_REASONS) as AuditKind[];
  const counts = kinds.map((kind) => `${findings.filter((finding) => finding.kind === kind).length} ${kind}`);
  const lines = [
    `audit of ${escapeLine(split)}: ${
      data.annotated
        ? "the model contradicts the annotation of"
        : "images without annotations; the model finds foreground in"
    } ${new Set(findings.map(({ name }) => name)).size} of ${data.images}` +
    (data.annotated ? ` images (${counts.join(", ")})` : ""),
    ...findings.slice(0, SHOWN_FINDINGS).map(({ name, class: className, score, reason }, index) =>
      `  ${String(index + 1).padStart(2)}. ${score.toFixed(4)}  ${escapeLine(name)}${
        className === undefined ? "" : ` (${escapeLine(className)})`
      }: ${reason}`
    ),
  ];
  if (findings.length > SHOWN_FINDINGS) {
    lines.push(`  and ${findings.length - SHOWN_FINDINGS} more in the table`);
  }
  return lines.join("\n") + "\n";
}

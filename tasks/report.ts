/**
 * `report`: a run as one HTML file.
 *
 * @module
 */
import type { Command } from "commander";
import { addExamples, createCommand, GROUPS, main, writeStdout } from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
import { RUN_FILES } from "../src/fs/layout.ts";
import { writeReport } from "../src/page/report/write_report.ts";

/** The `report` command. */
export function command(): Command {
  const report = createCommand(
    "report",
    "Writes a run as one HTML file that opens without network: curves, settings, metrics with intervals next to an " +
      "empty prediction, worst, median and best images, a table of all images, and how it was made. Reads the records " +
      `of the run and nothing else. train and evaluate write RUN/${RUN_FILES.report} themselves.`,
  ).argument("<run>", "the folder of a run, or of an evaluation's results");
  report.optionsGroup(GROUPS.output)
    .option("--output <file>", `the HTML file (default: ${RUN_FILES.report} in the run's folder)`);
  addExamples(report, [
    ["Write a report for a colleague", "runs/mine --output mine.html"],
  ]);
  return report.action(async (run: string, { output }: { output?: string }) => {
    if (output !== undefined && !/\.html?$/i.test(output)) {
      throw new RangeError(
        `Cannot write a report to ${JSON.stringify(output)}: expected a name that ends in .html\n` +
          `hint: --output ${output.replace(/[\\/]+$/, "")}.html`,
      );
    }
    const path = await writeReport(run, output);
    writeStdout(`wrote ${escapeLine(path)}\n`);
  });
}

if (import.meta.main) await main(command());

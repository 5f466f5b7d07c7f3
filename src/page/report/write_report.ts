/**
 * Writes a run's report from its records.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../../fs/atomic_file.ts";
import { RUN_FILES } from "../../fs/layout.ts";
import { readRecords } from "./records.ts";
import { reportHtml } from "./report.ts";

/**
 * Writes the report of a run's folder, by default into it; returns its path.
 *
 * @throws {Error} if the folder holds no records of a run, or the file cannot be written.
 */
export async function writeReport(folder: string, output = join(folder, RUN_FILES.report)): Promise<string> {
  await writeFileAtomic(output, reportHtml(await readRecords(folder)));
  return output;
}

/** {@linkcode writeReport} after other work, which no failure of it may spoil: returns null and notes the reason. */
export async function tryReport(folder: string, onNote: (note: string) => void): Promise<string | null> {
  try {
    return await writeReport(folder);
  } catch (error) {
    onNote(`${RUN_FILES.report} is not written: ${(error as Error).message.split("\n")[0]}`);
    return null;
  }
}

/**
 * The keys of `test.json` and `evaluate --json`, as version 0.1.0 wrote them.
 *
 * The list was made there by {@linkcode keyPaths} from `deno task evaluate --audit --json` on the spot dataset.
 *
 * @module
 */

/** Sorted paths of all values, of a report with annotations and an audit. */
export async function reportKeys(): Promise<string[]> {
  const list = new URL("../fixtures/evaluation/report_keys.txt", import.meta.url);
  return (await Deno.readTextFile(list)).trim().split("\n").sort();
}

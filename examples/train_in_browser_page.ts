/**
 * The script of `train_in_browser.html`, bundled by `train_in_browser.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { openGpu } from "../src/entries/browser.ts";
import { trainSteps } from "./train_in_browser_steps.ts";

const status = document.getElementById("status")!;
const rows = document.getElementById("steps")!;

try {
  const deno: number[] = await (await fetch("deno.json")).json();
  const gpu = await openGpu();
  status.textContent = `Training on ${gpu.adapter.description} ...`;
  const losses: number[] = [];
  await trainSteps(gpu, (loss) => {
    const expected = deno[losses.length]!;
    const row = document.createElement("tr");
    losses.push(loss);
    for (
      const text of [losses.length, loss.toFixed(7), expected.toFixed(7), (loss - expected).toExponential(1)]
    ) {
      const cell = document.createElement("td");
      cell.textContent = `${text}`;
      row.append(cell);
    }
    rows.append(row);
  });
  gpu.close();
  status.textContent = `Done: the loss fell from ${losses[0]!.toFixed(4)} to ${losses.at(-1)!.toFixed(4)}.`;
} catch (error) {
  status.textContent = (error as Error).message;
}

/** Runs: live while a real one trains, compared, and every number is that of its files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunSummary } from "../../src/page/api/runs.ts";
import { startBoard } from "../../src/page/server/serve.ts";
import { eventStream } from "../../src/page/server/event_stream.ts";
import { ROUTES } from "../../src/page/server/routes.ts";
import type { BrowserCase } from "./context.ts";
import { epochLine, RUNS, writeRun } from "./fixtures.ts";
import type { BrowserPage } from "./page.ts";
import { startTraining } from "./training.ts";

/** A folder for the runs of a case. */
const folderOf = (name: string) => `${RUNS}/cases/${name}`;

/** The lines of a run's log. */
async function readLines(run: string): Promise<Record<string, number>[]> {
  const text = await Deno.readTextFile(join(run, "metrics.jsonl"));
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

/** The facts at the top of a run's page, by their names. */
function factsOf(page: BrowserPage): Promise<Record<string, string>> {
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll(".fact")].map((fact) => [
        fact.querySelector("dt")!.textContent,
        fact.querySelector("dd")!.textContent,
      ]),
    )
  );
}

/** Opens the table of a chart, and returns its rows as texts. */
async function tableOf(page: BrowserPage, title: string): Promise<string[][]> {
  return await page.evaluate((title) => {
    const chart = [...document.querySelectorAll(".chart")]
      .find((chart) => chart.querySelector("h2")!.textContent === title)!;
    chart.querySelector("details")!.open = true;
    return new Promise<string[][]>((resolve) =>
      setTimeout(() => {
        const rows = [...chart.querySelectorAll(".vt-row")];
        resolve(rows.map((row) => [...row.children].map((cell) => cell.textContent!)));
      }, 100)
    );
  }, title);
}

/** A number of a log as a chart's table has it. */
const shown = (value: number) => `${Number(value.toPrecision(4))}`;

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "run: live while a real one trains, with its numbers and images; the board's end costs it nothing",
    async run(context) {
      const runs = folderOf("real");
      await Deno.mkdir(runs, { recursive: true });
      await using board = await startBoard({ runs, data: "no-data", port: 0 });
      const page = await context.page(board.address);
      const folder = `${runs}/real`;
      // It neither stops early nor ends before it was seen.
      await using live = await startTraining(folder, { epochs: 60, patience: 0 });
      // It prepares images and tests kernels first.
      await page.within(40_000, "a run", () => document.body.innerText.includes("1 running"));
      await page.click("a >> real");
      await page.waitForText("of 60");
      await page.waitFor("two more epochs", () => {
        const all = globalThis as unknown as { seen?: Set<string> };
        const [epochs] = document.querySelectorAll(".fact dd");
        (all.seen ??= new Set()).add(epochs!.textContent!);
        return all.seen.size > 2;
      });
      await page.waitFor("images of all annotated validation samples", () => {
        const images = [...document.querySelectorAll<HTMLImageElement>(".sample img")];
        return images.length === 3 && images.every(({ naturalWidth }) => naturalWidth > 0);
      });
      assert.equal(await page.text(".badge"), "running");

      await board.close();
      await page.waitForText("The board does not answer");
      const before = (await readLines(folder)).length;
      while ((await readLines(folder)).length < Math.min(before + 2, 60)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      live.stop();
      const { outcome, epochs } = await live.ended;
      assert.ok(outcome === "interrupted" || epochs === 60, outcome);
      // It kept asking until here.
      await page.goto("about:blank");
      page.takeIssues();

      // Another board tells what became of it.
      await using second = await startBoard({ runs, data: "no-data", port: 0 });
      const after = await context.page(`${second.address}#/run/real`);
      await after.waitForText(outcome === "interrupted" ? "stopped" : "finished");
      const lines = await readLines(folder);
      const facts = await factsOf(after);
      const best = Math.max(...lines.map((line) => line["valid/dice"] ?? 0));
      assert.equal(facts.Epochs, `${lines.length} of 60`);
      assert.ok(facts["Best Dice"]!.startsWith(best.toFixed(4)), facts["Best Dice"]);
    },
  },
  {
    name: "run: a line is on the page within a second, and its numbers are those of the log",
    async run(context) {
      const runs = folderOf("live");
      const start = new Date("2026-05-04T08:00:00Z");
      await writeRun(`${runs}/live`, {
        epochs: 3,
        planned: 9,
        seed: 4,
        settings: { memory_bytes: 3 * 2 ** 20 },
      });
      const board = await context.board({ runs });
      const page = await context.page(`${board.address}#/run/live`);
      await page.waitForText("3 of 9");
      for (let epoch = 4; epoch <= 6; epoch++) {
        const text = epochLine(epoch, 4, start);
        await Deno.writeTextFile(`${runs}/live/metrics.jsonl`, text, { append: true });
        await page.within(
          1000,
          `epoch ${epoch}`,
          (text) => document.body.innerText.includes(text),
          `${epoch} of 9`,
        );
      }
      const lines = await readLines(`${runs}/live`);
      const last = lines.at(-1)!;
      const best = (metric: string, pick: (...values: number[]) => number) => {
        const value = pick(...lines.map((line) => line[metric]!));
        return `${value.toFixed(4)} epoch ${lines.find((line) => line[metric] === value)!.epoch}`;
      };
      const facts = await factsOf(page);
      assert.deepEqual(facts, {
        "Epochs": "6 of 9",
        "Best Dice": best("valid/dice", Math.max),
        "Best loss": best("valid/loss", Math.min),
        "Samples per second": shown(last.samples_per_second!),
        "Time per epoch": `${last.seconds!.toFixed(1)} s`,
        "Time so far": `${Math.round(lines.reduce((sum, { seconds }) => sum + seconds!, 0))} s`,
        "Time left": "–",
        "Device memory": "3.00 MiB planned",
      });
      const charts: [string, string[]][] = [
        ["Loss", ["train/loss", "valid/loss"]],
        ["Dice", ["train/dice", "valid/dice"]],
        ["Samples per second", ["samples_per_second"]],
      ];
      for (const [title, metrics] of charts) {
        const expected = lines.map((
          line,
        ) => [`${line.epoch}`, ...metrics.map((metric) => shown(line[metric]!))]);
        assert.deepEqual(await tableOf(page, title), expected, title);
      }
      // A log that was written again, and a folder that is gone.
      await writeRun(`${runs}/live`, { epochs: 2, planned: 9 });
      await page.waitForText("2 of 9");
      assert.equal((await tableOf(page, "Dice")).length, 2);
      await Deno.remove(`${runs}/live`, { recursive: true });
      await page.waitForText("The run's folder is gone.");
    },
  },
  {
    name: "runs: chosen with the keyboard, they are drawn together, with what their settings differ in",
    async run(context) {
      const runs = folderOf("compared");
      const start = (day: number) => new Date(Date.UTC(2026, 4, day));
      await writeRun(`${runs}/one`, { epochs: 3, seed: 1, start: start(3) });
      await writeRun(`${runs}/two`, {
        epochs: 5,
        seed: 2,
        start: start(2),
        settings: { learningRate: 5e-4 },
      });
      await writeRun(`${runs}/three`, { epochs: 4, seed: 3, start: start(1), settings: { filters: 8 } });
      const board = await context.board({ runs });
      const page = await context.page(`${board.address}#/runs/one`);
      await page.waitForText("Select two or more runs");
      await page.evaluate(() => document.querySelector<HTMLElement>("[role=grid]")!.focus());
      await page.press("ArrowDown", "ArrowDown", " ");
      await page.waitForText("learningRate");
      assert.equal(await page.evaluate(() => location.hash), "#/runs/one/two");
      const table = await page.evaluate(() =>
        [...document.querySelectorAll("section table tr")].map((row) =>
          [...row.children].map((cell) => cell.textContent)
        )
      );
      assert.deepEqual(table, [
        ["Setting", "one", "two"],
        ["epochs", "3", "5"],
        ["learningRate", "0.001", "0.0005"],
        ["seed", "1", "2"],
      ]);
      const [one, two] = [await readLines(`${runs}/one`), await readLines(`${runs}/two`)];
      const dice = (lines: Record<string, number>[], at: number) =>
        lines[at] ? shown(lines[at]["valid/dice"]!) : "–";
      assert.deepEqual(
        await tableOf(page, "Dice (validation)"),
        two.map((_, at) => [`${at + 1}`, dice(one, at), dice(two, at)]),
      );
      // What is selected stays when the page is loaded again; Enter opens a run.
      await page.reload();
      await page.waitForText("learningRate");
      await page.evaluate(() => document.querySelector<HTMLElement>("[role=grid]")!.focus());
      await page.press("End");
      await page.click("button >> Select no run");
      await page.waitForText("No values yet.");
      assert.equal(await page.evaluate(() => location.hash), "#/runs");
      await page.evaluate(() => document.querySelector<HTMLElement>("[role=grid]")!.focus());
      await page.press("Enter");
      await page.waitForText("4 of 4");
      assert.equal(await page.evaluate(() => document.querySelector("h1")!.textContent), "three");
    },
  },
  {
    name: "table: 10,000 rows are few elements, scrolled, sorted and walked through",
    async run(context) {
      const runs: RunSummary[] = Array.from({ length: 10_000 }, (_, index) => ({
        ...{ name: `run ${index}`, state: "finished", reason: "", problems: [], recipe: "original" },
        ...{ epoch: index % 40, epochs: 40, bestDice: (index * 7919 % 10_000) / 10_000, bestDiceEpoch: 1 },
        ...{ bestLoss: 0.5, bestLossEpoch: 1, seconds: 10, secondsLeft: null, samplesPerSecond: 1 },
        ...{ memoryBytes: null, started: null, updated: null },
      }));
      const routes = ROUTES.map((route) =>
        route.path !== "api/events/runs" ? route : {
          ...route,
          handle: ({ signal }: { signal: AbortSignal }) =>
            eventStream({
              signal,
              everyMs: 1e6,
              poll: (send) => Promise.resolve(send("runs", { folder: "runs", runs })),
            }),
        }
      );
      await using board = await startBoard({ runs: "no-runs", data: "no-data", port: 0, routes });
      const page = await context.page(`${board.address}#/runs/none`);
      await page.waitForText("10000 in runs/");
      const rows = () =>
        page.evaluate(() => {
          const found = [...document.querySelectorAll(".runs-table .vt-row")];
          const grid = document.querySelector("[role=grid]")!;
          const active = document.getElementById(grid.getAttribute("aria-activedescendant") ?? "");
          return {
            count: found.length,
            total: grid.getAttribute("aria-rowcount"),
            first: found[0]!.textContent,
            active: active?.querySelector("a")?.textContent,
            index: active?.getAttribute("aria-rowindex"),
          };
        });
      const first = await rows();
      assert.ok(first.count > 5 && first.count < 60, `${first.count} rows`);
      assert.equal(first.total, "10001");
      await page.evaluate(() => document.querySelector<HTMLElement>("[role=grid]")!.focus());
      await page.press("End");
      const end = await rows();
      assert.deepEqual([end.active, end.index], ["run 9999", "10001"]);
      assert.ok(end.count < 60);
      await page.press("Home", "PageDown", "ArrowUp");
      assert.ok(Number((await rows()).index) < 60);
      // From the best: 7919 has an inverse modulo 10,000, so one run has each value.
      await page.click("button >> Best Dice");
      await page.evaluate(() => document.querySelector<HTMLElement>("[role=grid]")!.focus());
      await page.press("Home");
      const best = runs.find(({ bestDice }) => bestDice === 0.9999)!.name;
      assert.equal((await rows()).active, best);
      await page.fill("input[type=search]", "run 777");
      await page.waitForText("19 of 10000");
      assert.equal((await rows()).total, "20");
    },
  },
];

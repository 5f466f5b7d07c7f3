/** The report of a run, opened from the disk with the network off. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { writeReport } from "../../src/page/report/write_report.ts";
import { exampleScores } from "../support/evaluation.ts";
import { writeRunRecords } from "../support/run_records.ts";
import { auditLooks } from "./audit.ts";
import type { BrowserCase } from "./context.ts";

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "report: opens from a file without network, sorts, filters, is legible narrow and wide, and prints",
    async run(context) {
      const name = "<script>document.title = 1</script>.png";
      const scores = exampleScores().map((score, index) => index === 0 ? { ...score, name } : score);
      await writeRunRecords(context.folder, { scores });
      const url = pathToFileURL(await writeReport(context.folder)).href;
      const page = await context.page("about:blank");
      await page.offline(true);
      await page.goto(url);
      assert.deepEqual(await auditLooks(page), []);

      const names = () =>
        page.evaluate(() =>
          [...document.querySelectorAll<HTMLTableRowElement>("table.images tbody tr")]
            .filter((row) => !row.hidden).map((row) => row.cells[0]!.textContent)
        );
      const worstFirst = await names();
      assert.equal(worstFirst[2], name);
      assert.equal(await page.evaluate(() => document.title), "files – report");
      await page.click("table.images th button >> Dice");
      await page.click("table.images th button >> Dice");
      assert.deepEqual((await names()).slice(0, 1), [name], "the highest Dice first");
      assert.equal((await names()).at(-1), "healthy.jpg", "undefined ones last");
      await page.fill(".filter input", "MISSED");
      assert.deepEqual(await names(), ["missed.jpg"]);

      const { data } = await page.session.send("Page.printToPDF", { preferCSSPageSize: true });
      const pdf = new TextDecoder("latin1").decode(Uint8Array.fromBase64(data));
      const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
      assert.ok(pages >= 2 && pages <= 8, `${pages} pages`);
      assert.deepEqual(page.requests.filter(({ url }) => !/^(file|data):/.test(url)), []);
      assert.ok(page.requests.some((request) => request.url === url), "it was not opened");
    },
  },
];

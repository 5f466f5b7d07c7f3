/** The audits that the views go through find what is wrong on a page made for it, and nothing on one that is fine. */
import assert from "node:assert/strict";
import { contrastReport } from "./contrast.ts";
import type { BrowserCase, Context } from "./context.ts";
import { walk } from "./keyboard.ts";
import { layoutFaults } from "./layout_faults.ts";
import { namelessNodes } from "./names.ts";
import type { BrowserPage } from "./page.ts";

function open(context: Context, body: string, dark = false): Promise<BrowserPage> {
  const html =
    `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Audit</title>
<link rel="icon" href="data:,"><style>body { font: 16px sans-serif; margin: 8px } button { min-height: 24px }</style>
${body}</html>`;
  const url = context.serve(() => new Response(html, { headers: { "content-type": "text/html" } }));
  return context.page(url, { width: 360, height: 640, dark });
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "contrastReport: computes WCAG's contrast, also through transparency and over images",
    async run(context) {
      const page = await open(
        context,
        `<p style="color: #767676; background: #fff">enough</p>
<p style="color: #777; background: #fff">faint</p>
<div style="background: #fff"><p style="color: #000; opacity: 0.4">through opacity</p></div>
<p style="color: rgb(0 0 0 / 40%); background: white">through alpha</p>
<div style="position: relative; height: 40px"><canvas width="300" height="40"></canvas>
<span style="position: absolute; left: 0; top: 0">over a canvas</span></div>
<div style="background: #fff; color: oklch(70% 0 0)">another space</div>
<input aria-label="field" placeholder="hint" style="color: #ccc; background: #fff">
<button disabled style="color: #eee; background: #fff">disabled</button>
<p style="visibility: hidden; color: #fff; background: #fff">hidden</p>
<svg width="100" height="20" aria-label="chart"><rect width="100" height="20" fill="#fff"/><text y="15" fill="#000">svg</text></svg>`,
      );
      const { count, faint } = await page.evaluate(contrastReport, 4.5);
      const found = Object.fromEntries(faint.map(({ text, contrast }) => [text, contrast]));
      assert.equal(count, 9);
      // 4.478: the published value of #777 on white.
      assert.deepEqual(Object.keys(found), [
        ...["faint", "through opacity", "through alpha", "over a canvas", "another space", "value"],
      ]);
      assert.equal(found.faint, 4.48);
      assert.equal(found["over a canvas"], 0);
      assert.equal(found.value, 1.61);
    },
  },
  {
    name: "walk: finds traps, controls that are missed, and a focus that does not show",
    async run(context) {
      const fine = await open(context, `<a href="#a">a</a> <button>b</button><input aria-label="c">`);
      const { stops, missed, ended } = await walk(fine);
      assert.deepEqual(stops.map(({ problem }) => problem), [null, null, null]);
      assert.deepEqual([missed, ended], [[], true]);
      const wrong = await open(
        context,
        `<button style="outline: none">no outline</button><div style="height: 20px"></div>
<button id="trap">trap</button><button>after</button>
<script>trap.onkeydown = (event) => event.preventDefault()</script>`,
      );
      const found = await walk(wrong);
      assert.equal(found.ended, false);
      assert.match(found.stops[0]!.problem!, /nothing shows/);
      assert.match(found.missed.join(), /after/);
    },
  },
  {
    name: "layoutFaults, namelessNodes: find what is too wide, too small, and without a name",
    async run(context) {
      const fine = await open(
        context,
        `<button>Save</button><div style="overflow-x: auto"><div style="width: 900px">x</div></div>`,
      );
      assert.deepEqual(await fine.evaluate(layoutFaults), []);
      assert.deepEqual(await namelessNodes(fine), []);
      const wrong = await open(
        context,
        `<div style="width: 900px">wide</div><button style="min-height: 0; height: 12px"></button><button>next</button>
<canvas width="10" height="10" role="img"></canvas><input type="range">`,
      );
      const faults = (await wrong.evaluate(layoutFaults)).join("\n");
      assert.match(faults, /the page is 908 px wide/);
      assert.match(faults, /"wide" reaches from 8 to 908/);
      assert.match(faults, /too small to hit/);
      assert.deepEqual((await namelessNodes(wrong)).map((text) => text.split(" ")[0]), [
        "button",
        "image",
        "slider",
      ]);
    },
  },
];

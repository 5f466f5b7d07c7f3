/** The part of an image that panes show. */
import assert from "node:assert/strict";
import { type Point, Viewport } from "../../src/page/app/viewer/viewport.ts";

const IMAGE = { width: 600, height: 400 };
const PANE = { width: 300, height: 300 };

const rounded = ({ x, y }: Point) => [Math.round(1e6 * x) / 1e6, Math.round(1e6 * y) / 1e6];

Deno.test("Viewport: fits the image into panes of any size, in the middle", () => {
  const viewport = new Viewport(IMAGE);
  assert.deepEqual(viewport.toPane({ x: 0, y: 0 }, PANE), { x: 0, y: 50 });
  assert.deepEqual(viewport.toPane({ x: 600, y: 400 }, PANE), { x: 300, y: 250 });
  assert.equal(viewport.scaleIn({ width: 1200, height: 9000 }), 2);
  assert.deepEqual(rounded(viewport.toImage(viewport.toPane({ x: 7, y: 9 }, PANE), PANE)), [7, 9]);
});

Deno.test("Viewport: zooms about the point under the pointer, up to 64 and down to fit or native resolution", () => {
  const viewport = new Viewport(IMAGE);
  const at = { x: 200, y: 180 };
  const before = viewport.toImage(at, PANE);
  viewport.zoomBy(8, PANE, at);
  assert.deepEqual(rounded(viewport.toImage(at, PANE)), rounded(before));
  assert.equal(viewport.fits, false);
  viewport.zoomBy(1e6, PANE);
  assert.equal(viewport.scaleIn(PANE), 64);
  viewport.zoomBy(1e-9, PANE);
  assert.equal(viewport.scaleIn(PANE), 0.5);
  const small = new Viewport({ width: 30, height: 30 });
  small.zoomTo(0, PANE);
  assert.equal(small.scaleIn(PANE), 1, "one pixel of the image is one of the screen");
});

Deno.test("Viewport: an image that is larger than its pane always covers it, a smaller one stays in the middle", () => {
  const viewport = new Viewport(IMAGE);
  viewport.zoomTo(1, PANE);
  viewport.panBy(1e5, -1e5, PANE);
  assert.deepEqual(rounded(viewport.toImage({ x: 0, y: 300 }, PANE)), [0, 400]);
  viewport.zoomTo(0.6, PANE);
  viewport.panBy(0, 77, PANE);
  assert.deepEqual(rounded(viewport.toPane({ x: 0, y: 0 }, PANE)), [0, 30]);
});

Deno.test("Viewport: stays where it is for an image of the same size, fits another, and tells its panes", () => {
  const viewport = new Viewport(IMAGE);
  let calls = 0;
  const unsubscribe = viewport.subscribe(() => calls++);
  viewport.zoomTo(2, PANE);
  viewport.show({ ...IMAGE });
  assert.equal(viewport.scaleIn(PANE), 2);
  assert.equal(calls, 1);
  viewport.show({ width: 5, height: 5 });
  assert.equal(viewport.fits, true);
  viewport.lookAt({ x: 1, y: 1 }, 100, PANE);
  assert.deepEqual(rounded(viewport.toPane({ x: 1.5, y: 1.5 }, PANE)), [150, 150], "clamped to the image");
  assert.equal(calls, 3);
  unsubscribe();
  viewport.fit();
  assert.equal(calls, 3);
});

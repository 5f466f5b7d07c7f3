/**
 * Rasterizes COCO polygons to masks and prints them as COCO's compressed RLE, one line per image:
 *
 *     deno run --allow-read examples/annotations_to_rle.ts dataset/train/_annotations.coco.json
 *
 * Needs no GPU.
 */
// deno-lint-ignore-file no-console
import { decodeRle, encodeRle, readCoco } from "../mod.ts";

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: annotations_to_rle.ts ANNOTATIONS");
  Deno.exit(2);
}
const dataset = readCoco(await Deno.readTextFile(path));
for (const { kind, message } of dataset.problems) console.error(`${kind}: ${message}`);
for (const { id, fileName } of dataset.images) {
  const mask = dataset.mask(id);
  const rle = encodeRle(mask);
  const area = decodeRle(rle).data.reduce((sum, value) => sum + value, 0);
  console.log(JSON.stringify({ id, fileName, area, rle }));
}

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { findClassOverlap, type OpenSplit } from "../../src/dataset/class_overlaps.ts";
import { categoryNames, chooseClasses } from "../../src/dataset/classes.ts";
import type { ListedImage } from "../../src/dataset/dataset_source.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** The splits of a dataset, which count how many label maps are drawn. */
async function openAll(folder: string): Promise<{ splits: OpenSplit[]; drawn: () => number }> {
  let drawn = 0;
  const counting = (image: ListedImage): ListedImage => ({
    ...image,
    labelMap: (labeling) => {
      drawn++;
      return image.labelMap(labeling);
    },
  });
  const splits = await Promise.all((await findSplits(folder)).map(async (split) => {
    const listing = await openSplit(split);
    return { split, listing: { ...listing, images: listing.images.map(counting) } };
  }));
  return { splits, drawn: () => drawn };
}

const tableOf = (splits: readonly OpenSplit[], classes?: string[]) =>
  chooseClasses(categoryNames(splits.map(({ listing }) => listing)), { classes });

Deno.test("findClassOverlap: names the first two classes, their image and pixels, and draws no further", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(folder, { overlap: true, ignored: true });
    const { splits, drawn } = await openAll(folder);
    const expected = { classes: ["disc", "cup"], image: `${splits[0]!.split.name}/1.png`, pixels: 256 };
    deepStrictEqual(await findClassOverlap(splits, tableOf(splits), { cacheFolder: null }), expected);
    strictEqual(drawn(), 1);
    const apart = tableOf(splits, ["disc", "vessel"]);
    strictEqual(await findClassOverlap(splits, apart, { cacheFolder: null }), null);
  }));

Deno.test("findClassOverlap: the answer is kept until annotations or classes change", () =>
  inTempFolder(async (folder) => {
    const cacheFolder = `${folder}/.cache`;
    await writeClassDataset(folder);
    const { splits, drawn } = await openAll(folder);
    for (const _ of [1, 2]) {
      strictEqual(await findClassOverlap(splits, tableOf(splits), { cacheFolder }), null);
    }
    strictEqual(drawn(), 4, "each of the four images once");
    const [file] = [...Deno.readDirSync(cacheFolder)];
    await Deno.writeTextFile(`${cacheFolder}/${file!.name}`, "{}");
    await findClassOverlap(splits, tableOf(splits), { cacheFolder });
    strictEqual(drawn(), 8, "a damaged answer is searched again");
    await writeClassDataset(folder, { overlap: true });
    const changed = (await openAll(folder)).splits;
    strictEqual((await findClassOverlap(changed, tableOf(changed), { cacheFolder }))?.pixels, 256);
    await rejects(
      findClassOverlap(splits, tableOf(splits, ["cup", "disc"]), {
        cacheFolder,
        signal: AbortSignal.abort(new Error("stop")),
      }),
      /stop/,
    );
  }));

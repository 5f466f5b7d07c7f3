/** Which files are images, which are masks, and which belong together: by their paths only. */
import assert from "node:assert/strict";
import { assignRoles } from "../../../src/import/masks/assign_roles.ts";
import { chooseMasks, type MaskChoice } from "../../../src/import/masks/choose_masks.ts";
import { pairFiles, type Pairing } from "../../../src/import/masks/pair_files.ts";
import { observerOf, splitOfName, tokensOf } from "../../../src/import/masks/tokens.ts";
import type { RecognizeOptions } from "../../../src/import/import_kind.ts";
import { sourceOf } from "../../support/source_files.ts";

/** Paths whose content looks like a mask, for folders that do not say it. */
const FLAT = /vessels|\.gif$/;

async function choose(
  paths: readonly string[],
  options: RecognizeOptions = {},
): Promise<MaskChoice & Omit<Pairing, "pairs">> {
  const tree = sourceOf(Object.fromEntries(paths.map((path) => [path, ""])));
  const roles = await assignRoles(tree, options, (path) => Promise.resolve(FLAT.test(path) ? 1 : 0.3));
  const { pairs, ...lone } = pairFiles(roles, options.pairs);
  return { ...chooseMasks(pairs, options), ...lone };
}

/** `image: mask, mask=label` for each pair, with its split. */
async function pairsOf(paths: readonly string[], options: RecognizeOptions = {}): Promise<string[]> {
  return (await choose(paths, options)).pairs.map(({ path, split, masks }) =>
    `${path}${split === null ? "" : ` (${split})`}: ${
      masks.map(({ path, label }) => label === null ? path : `${path}=${label}`).join(", ")
    }`
  );
}

/** Paths by names in which `#` becomes 1, 2, 3. */
const numbered = (...patterns: string[]) =>
  patterns.flatMap((pattern) => [1, 2, 3].map((n) => pattern.replaceAll("#", String(n))));

/** Layouts, and the pair of their second image; each is checked to pair all images. */
const LAYOUTS: Record<string, [paths: string[], second: string]> = {
  "images and masks": [numbered("images/a#.png", "masks/a#.png"), "images/a2.png: masks/a2.png"],
  "other usual names": [numbered("imgs/#.jpg", "labels/#.png"), "imgs/2.jpg: labels/2.png"],
  "x and y": [numbered("x/#.png", "y/#.png"), "x/2.png: y/2.png"],
  "Data and GroundTruth": [numbered("Data/#.png", "GroundTruth/#.tif"), "Data/2.png: GroundTruth/2.tif"],
  "a folder above all": [
    numbered("set/Original/#.tif", "set/Ground Truth/#.tif"),
    "set/Original/2.tif: set/Ground Truth/2.tif",
  ],
  "suffixes on both sides": [
    numbered("images/#_training.tif", "1st_manual/#_manual1.gif"),
    "images/2_training.tif: 1st_manual/2_manual1.gif",
  ],
  "a suffix of the masks": [
    numbered("in_images/ISIC_000#.jpg", "GT/ISIC_000#_segmentation.png"),
    "in_images/ISIC_0002.jpg: GT/ISIC_0002_segmentation.png",
  ],
  "suffixes on both sides of a single pair": [
    ["images/1.png", "masks/1.png", "b/images/21_training.tif", "b/1st_manual/21_manual1.gif"],
    "images/1.png: masks/1.png",
  ],
  "a prefix of the masks": [numbered("images/#.png", "masks/mask_#.png"), "images/2.png: masks/mask_2.png"],
  "case and separators": [
    numbered("Images/Case-0#.PNG", "Labels/case_0#_GT.png"),
    "Images/Case-02.PNG: Labels/case_02_GT.png",
  ],
  "per split": [
    [...numbered("train/images/#.png", "train/masks/#.png"), "val/images/9.png", "val/masks/9.png"],
    "train/images/2.png (train): train/masks/2.png",
  ],
  "splits below": [
    [...numbered("images/training/#.png", "masks/training/#.png"), "images/test/1.png", "masks/test/1.png"],
    "images/training/1.png (train): masks/training/1.png",
  ],
  "only a training split": [
    numbered("training/image/#.png", "training/label/#.png"),
    "training/image/2.png (train): training/label/2.png",
  ],
  "splits in the names of folders": [
    [...numbered("train/#.png", "trainannot/#.png"), "test/4.png", "testannot/4.png"],
    "train/1.png (train): trainannot/1.png",
  ],
  "splits in the names of files": [
    ["train_1.bmp", "train_1_anno.bmp", "testA_1.bmp", "testA_1_anno.bmp", "train_2.bmp", "train_2_anno.bmp"],
    "train_1.bmp (train): train_1_anno.bmp",
  ],
  "training and validation in one": [
    numbered("trainval-image/#.jpg", "trainval-mask/#.jpg", "test-image/#.jpg", "test-mask/#.jpg"),
    "test-image/2.jpg (test): test-mask/2.jpg",
  ],
  "further images next to the originals": [
    numbered("Training_Data/I_0#.jpg", "Training_GroundTruth/I_0#_segmentation.png"),
    "Training_Data/I_02.jpg (train): Training_GroundTruth/I_02_segmentation.png",
  ],
  "one folder": [numbered("#.png", "#_mask.png"), "2.png: 2_mask.png"],
  "one folder per split": [
    numbered("training_set/00#_HC.png", "training_set/00#_HC_Annotation.png"),
    "training_set/002_HC.png (train): training_set/002_HC_Annotation.png",
  ],
  "prefixes in one folder": [numbered("img_#.png", "mask_#.png"), "img_2.png: mask_2.png"],
  "unknown suffix in one folder": [numbered("#.png", "#_tum.png"), "2.png: 2_tum.png"],
  "other endings in one folder": [numbered("a#.jpg", "a#.gif"), "a2.jpg: a2.gif"],
  "folders that only their content tells apart": [
    numbered("fundus/#.png", "vessels/#.png"),
    "fundus/2.png: vessels/2.png",
  ],
  "a folder per image": [
    ["1ab", "2ac", "3fe"].flatMap((id, n) => [
      `${id}/images/${id}.png`,
      ...["0d7", "1e9", "2b4"].map((hash) => `${id}/masks/${"xyz"[n]}${hash}.png`),
    ]),
    "2ac/images/2ac.png: 2ac/masks/y0d7.png, 2ac/masks/y1e9.png, 2ac/masks/y2b4.png",
  ],
  "a folder per image with plain names": [
    numbered("case#/image.png", "case#/mask.png"),
    "case2/image.png: case2/mask.png",
  ],
  "a folder of masks per image": [
    numbered("images/im#.png", "masks/im#/0.png", "masks/im#/1.png"),
    "images/im2.png: masks/im2/0.png, masks/im2/1.png",
  ],
  "further masks of some images": [
    [...numbered("k (#).png", "k (#)_mask.png"), "k (2)_mask_1.png"],
    "k (2).png: k (2)_mask.png, k (2)_mask_1.png",
  ],
  "a class per folder": [
    numbered("CXR_png/M#.png", "ManualMask/leftMask/M#.png", "ManualMask/rightMask/M#.png"),
    "CXR_png/M2.png: ManualMask/leftMask/M2.png=left, ManualMask/rightMask/M2.png=right",
  ],
  "a class per name in a folder per image": [
    numbered("Images/d_00#.png", "GT/d_00#/Soft/d_00#_OD.png", "GT/d_00#/Soft/d_00#_cup.png"),
    "Images/d_002.png: GT/d_002/Soft/d_002_OD.png=od, GT/d_002/Soft/d_002_cup.png=cup",
  ],
  "a class per name": [
    numbered("images/#.png", "masks/#_disc.png", "masks/#_cup.png"),
    "images/2.png: masks/2_cup.png=cup, masks/2_disc.png=disc",
  ],
  "the same names in folders of patients": [
    numbered("p#/images/1.png", "p#/masks/1.png", "p#/images/2.png", "p#/masks/2.png"),
    "p1/images/2.png: p1/masks/2.png",
  ],
  "observers in one folder": [
    numbered("Image_0#L.jpg", "Image_0#L_1stHO.png", "Image_0#L_2ndHO.png"),
    "Image_02L.jpg: Image_02L_1stHO.png",
  ],
  "observers in folders": [
    numbered("images/#.tif", "1st_manual/#_manual1.gif", "2nd_manual/#_manual2.gif"),
    "images/2.tif: 1st_manual/2_manual1.gif",
  ],
};

for (const [name, [paths, second]] of Object.entries(LAYOUTS)) {
  Deno.test(`pairFiles: ${name}`, async () => {
    const pairs = await pairsOf(paths);
    assert.equal(pairs[1], second);
    const used = pairs.flatMap((pair) => pair.replace(/ \((train|valid|test)\)/, "").split(/: |, /)).map((
      path,
    ) => path.replace(/=.*/, ""));
    const unused = paths.filter((path) => !used.includes(path) && !/2nd/.test(path));
    assert.deepEqual(unused, []);
  });
}

Deno.test("pairFiles: lists images without a mask and masks without an image, and guesses nothing", async () => {
  const { pairs, loneImages, loneMasks } = await choose([
    ...numbered("images/#.png", "masks/#.png"),
    "images/s4.png",
    "masks/s44.png",
    "p/images/7.png",
    "q/images/7.png",
    "r/masks/7.png",
  ]);
  assert.equal(pairs.length, 3);
  assert.deepEqual(loneImages, ["images/s4.png", "p/images/7.png", "q/images/7.png"]);
  assert.deepEqual(loneMasks, ["masks/s44.png", "r/masks/7.png"]);
});

Deno.test("pairFiles: another folder's mask of the same name, or a number within a name, is no mask of an image", async () => {
  const patients = await choose([
    "p/images/9.png",
    "p/masks/9.png",
    "q/images/8.png",
    "q/masks/8.png",
    "q/masks/9.png",
  ]);
  assert.deepEqual(patients.loneMasks, ["q/masks/9.png"]);
  const within = await choose([
    ...numbered("images/#.png"),
    "masks/a_1_b.png",
    "masks/c_2_d.png",
    "masks/e_3_f.png",
  ]);
  assert.equal(within.pairs.length, 0);
});

Deno.test("pairFiles: an image and a mask that are left over are no pair by themselves", async () => {
  for (const [image, mask] of [["s4", "s5"], ["a", "b"], ["4", "5"], ["4_a", "5_a_mask"]] as const) {
    const { pairs } = await choose([
      ...numbered("images/s#.png", "masks/s#.png"),
      `images/${image}.png`,
      `masks/${mask}.png`,
    ]);
    assert.equal(pairs.length, 3, `${image} with ${mask}`);
    const single = await choose([`images/${image}.png`, `masks/${mask}.png`]);
    assert.equal(single.pairs.length, 0, `${image} with ${mask} alone`);
  }
});

Deno.test("chooseMasks: refuses alternatives with the flags that decide, which then do", async () => {
  const paths = numbered("images/#.png", "masks/#.png", "masks_lesion/#.png");
  await assert.rejects(pairsOf(paths), {
    message: 'Cannot tell which masks are meant: "masks" (3 images) or "masks_lesion" (3 images)\n' +
      'hint: choose one with --masks "masks", or take them as classes with --masks "masks,masks_lesion"',
  });
  assert.equal((await pairsOf(paths, { masks: "masks" }))[1], "images/2.png: masks/2.png");
  assert.equal((await pairsOf(paths, { masks: "masks_lesion" }))[1], "images/2.png: masks_lesion/2.png");
  assert.equal(
    (await pairsOf(paths, { masks: "masks,masks_lesion" }))[1],
    "images/2.png: masks/2.png=mask, masks_lesion/2.png=lesion",
  );
});

Deno.test("chooseMasks: drawings of the same masks are no classes", async () => {
  const paths = numbered(
    "leftImg8bit/a_#_leftImg8bit.png",
    "gtFine/a_#_gtFine_labelIds.png",
    "gtFine/a_#_gtFine_color.png",
  );
  await assert.rejects(
    pairsOf(paths),
    /which masks are meant: .*_color.png" or .*_labelIds.png".*\nhint: .*--masks "/,
  );
  assert.equal(
    (await pairsOf(paths, { masks: "*_labelIds.png", images: "leftImg8bit" }))[1],
    "leftImg8bit/a_2_leftImg8bit.png: gtFine/a_2_gtFine_labelIds.png",
  );
});

Deno.test("pairFiles: refuses images of one name with the flags that decide, which then do", async () => {
  const paths = numbered("images/#.png", "photos/#.png", "masks/#.png");
  await assert.rejects(
    pairsOf(paths),
    /which images are meant: "images\/1.png" or "photos\/1.png"\nhint: .*--images "photos"/,
  );
  assert.equal((await pairsOf(paths, { images: "photos" }))[1], "photos/2.png: masks/2.png");
  const endings = numbered("images/#.png", "images/#.jpg", "masks/#.png");
  await assert.rejects(pairsOf(endings), /hint: choose with --images "\*\.jpg" or --images "\*\.png"/);
  assert.equal(
    (await pairsOf(endings, { images: "images/*.jpg", masks: "masks" }))[1],
    "images/2.jpg: masks/2.png",
  );
});

Deno.test("pairFiles: --pairs pairs what its groups have in common, and refuses what they do not tell apart", async () => {
  const paths = numbered("images/p#_a9.png", "masks/q7_#.png");
  assert.deepEqual(await pairsOf(paths, { pairs: "(\\d)(_a9)?\\.png$" }).then((pairs) => pairs.length), 0);
  assert.equal((await pairsOf(paths, { pairs: "(?:p|q7_)(\\d)" }))[1], "images/p2_a9.png: masks/q7_2.png");
  await assert.rejects(pairsOf(paths, { pairs: "images|masks" }), /both give .*\nhint: add a group/);
  await assert.rejects(pairsOf(paths, { pairs: "(" }), { name: "SyntaxError" });
});

Deno.test("assignRoles: images only, or masks only, are no pairs", async () => {
  for (const paths of [numbered("#.png"), numbered("vessels/#.png"), numbered("a/#.png", "b/#.png")]) {
    assert.equal((await choose(paths)).pairs.length, 0);
  }
});

Deno.test("assignRoles: a folder that a flag does not find is an error that lists folders", async () => {
  await assert.rejects(pairsOf(numbered("images/#.png", "masks/#.png"), { masks: "mask" }), {
    message: 'Cannot use --masks "mask": "/data/source" has no images there\n' +
      'hint: name a folder within it: "images", "masks"',
  });
});

Deno.test("chooseMasks: --observer takes another one by any of its names, and lists images without", async () => {
  const paths = [...numbered("images/#.tif", "1st_manual/#_manual1.gif"), "2nd_manual/2_manual2.gif"];
  for (const observer of ["2", "second", "2nd_manual"]) {
    const { pairs, unobserved, lines } = await choose(paths, { observer });
    assert.deepEqual(pairs.map(({ masks }) => masks[0]!.path), ["2nd_manual/2_manual2.gif"]);
    assert.deepEqual(unobserved, ["images/1.tif", "images/3.tif"]);
    assert.match(lines[0]!, /2 observers \(1, 2\): those of 2 are taken/);
  }
  await assert.rejects(choose(paths, { observer: "3" }), /"3": the masks name 1, 2\nhint: name one/);
});

Deno.test("observerOf: finds numbers and letters next to words for people", () => {
  const names = [
    "21_manual1",
    "Image_01L_2ndHO",
    "rater_b",
    "1st_manual",
    "im_3_observer 2",
    "mask_2",
    "manual",
  ];
  assert.deepEqual(names.map((name) => observerOf(tokensOf(name))), ["1", "2", "b", "1", "2", null, null]);
});

Deno.test("splitOfName: by a word of its own, a compound, or a short one next to what it holds", () => {
  const names = [
    "Training Set",
    "valannot",
    "imagesTs",
    "test_images",
    "trainer",
    "tr",
    "ISIC_Validation_Input",
  ];
  assert.deepEqual(names.map(splitOfName), ["train", "valid", "test", "test", null, null, "valid"]);
});

/**
 * The audit of a trained model on unseen phantoms: removed and swapped annotations rank first, and so do images with
 * foreground in a folder without annotations.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EvaluationReport, loadModel, makePhantom, Predictor, runEvaluation } from "../../mod.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const FILE = "_annotations.coco.json";

interface Coco {
  images: { id: number; file_name: string }[];
  annotations: { image_id: number }[];
}

/** A trained model; fixtures/phantom_model has the script that trained it. */
const MODEL = new URL("../fixtures/phantom_model/model.safetensors", import.meta.url);

/** Calls `body` with a dataset of phantoms that the model has not seen, and with a function that audits a split. */
async function withModel(
  body: (folder: string, audit: (split: string) => Promise<EvaluationReport>) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await makePhantom(at("data"), { train: 0, valid: 0, test: 60, size: 64, seed: 9 });
    const predictor = await Predictor.create(await openTestGpu(), await loadModel(fileURLToPath(MODEL)));
    try {
      await body(at("data"), (split) =>
        runEvaluation(predictor, {
          dataFolder: at("data"),
          split,
          cacheFolder: at("cache"),
          output: at("audit"),
          audit: true,
          auditSamples: 8,
        }));
    } finally {
      predictor.close();
    }
  });
}

/** Removes the annotations of six images and swaps those of six others in pairs; returns the names of all twelve. */
async function spoil(path: string): Promise<Set<string>> {
  const coco: Coco = JSON.parse(await Deno.readTextFile(path));
  const annotated = coco.images.filter(({ id }) => coco.annotations.some(({ image_id }) => image_id === id));
  const removed = Array.from({ length: 6 }, (_, i) => annotated[6 * i]!);
  const swapped = Array.from({ length: 6 }, (_, i) => annotated[6 * i + 1]!);
  const partner = new Map(swapped.map(({ id }, i) => [id, swapped[i ^ 1]!.id]));
  coco.annotations = coco.annotations
    .filter(({ image_id }) => removed.every(({ id }) => id !== image_id))
    .map((annotation) => ({
      ...annotation,
      image_id: partner.get(annotation.image_id) ?? annotation.image_id,
    }));
  await Deno.writeTextFile(path, JSON.stringify(coco));
  return new Set([...removed, ...swapped].map(({ file_name }) => file_name));
}

Deno.test("runEvaluation: an audit ranks removed and swapped annotations, and unannotated foreground, first", () =>
  withModel(async (folder, audit) => {
    const test = join(folder, "test");
    const coco: Coco = JSON.parse(await Deno.readTextFile(join(test, FILE)));
    const annotated = new Set(coco.annotations.map(({ image_id }) => image_id));
    const background = coco.images.filter(({ id }) => !annotated.has(id)).map(({ file_name }) => file_name);
    assert.ok(background.length >= 4);

    // The same images without their annotations.
    const raw = join(folder, "unannotated");
    await Deno.mkdir(raw);
    for (const { file_name } of coco.images) await Deno.copyFile(join(test, file_name), join(raw, file_name));
    const unlabeled = await audit("unannotated");
    const ranked = unlabeled.audit!.map(({ name }) => name);
    assert.ok(unlabeled.audit!.every(({ kind }) => kind === "missing"));
    // The share of pairs of an image with and one without foreground in which the first ranks higher (the AUC).
    const placeOf = (name: string) => ranked.includes(name) ? ranked.indexOf(name) : ranked.length;
    const foreground = coco.images.map(({ file_name }) => file_name).filter((name) =>
      !background.includes(name)
    );
    const correct = foreground.flatMap((a) => background.filter((b) => placeOf(a) < placeOf(b))).length;
    const share = correct / (foreground.length * background.length);
    assert.ok(share > 0.85, `${share} of the pairs, the background at ${background.map(placeOf)}`);

    const spoiled = await spoil(join(test, FILE));
    const { audit: findings, summary } = await audit("test");
    const places = [...spoiled].map((name) => 1 + findings!.findIndex((finding) => finding.name === name))
      .sort((a, b) => a - b);
    const said = `places ${places}, Dice ${summary!.pooled.dice}`;
    assert.ok(places.every((place) => place > 0), said);
    assert.equal(places.filter((place) => place <= 6).length, 6, `precision of the first six: ${said}`);
    assert.ok(places.filter((place) => place <= 12).length >= 9, `precision of the first twelve: ${said}`);
    assert.ok(places.at(-1)! <= 24, `all twelve among the first 24 of 60: ${said}`);
  }));

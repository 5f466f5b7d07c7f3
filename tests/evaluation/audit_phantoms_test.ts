/**
 * The audit with a model that was trained, on phantoms that it has not seen: outlines that were removed or swapped come
 * to the top, and so do tumors in a folder that nobody annotated.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type EvaluationReport,
  loadModel,
  makePhantom,
  openGpu,
  Predictor,
  runEvaluation,
  trainRun,
} from "../../mod.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { SOFTWARE } from "../support/software.ts";

const FILE = "_annotations.coco.json";

interface Coco {
  images: { id: number; file_name: string }[];
  annotations: { image_id: number }[];
}

/** Trains a small network for a minute, and runs audits with it of the phantoms in a folder beside. */
async function withModel(
  body: (folder: string, audit: (split: string) => Promise<EvaluationReport>) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await makePhantom(at("seen"), { train: 96, valid: 8, test: 0, size: 64, seed: 1 });
    await trainRun({
      dataFolder: at("seen"),
      folder: at("run"),
      cacheFolder: at("cache"),
      ...SOFTWARE,
      tracking: { swanlab: "off", tensorboard: false },
      config: {
        recipe: "strong",
        filters: 4,
        size: 64,
        batchSize: 8,
        epochs: 8,
        learningRate: 3e-3,
        average: 0.9,
      },
    });
    await makePhantom(at("unseen"), { train: 0, valid: 0, test: 60, size: 64, seed: 9 });
    const gpu = await openGpu(SOFTWARE);
    const predictor = await Predictor.create(gpu, await loadModel(at("run/best.safetensors")));
    try {
      await body(at("unseen"), (split) =>
        runEvaluation(predictor, {
          dataFolder: at("unseen"),
          split,
          cacheFolder: at("cache"),
          output: at("audit"),
          audit: true,
        }));
    } finally {
      predictor.close();
      gpu.close();
    }
  });
}

/** Takes away the outlines of six images and swaps those of six others in pairs; the names of all twelve. */
async function spoil(path: string): Promise<Set<string>> {
  const coco: Coco = JSON.parse(await Deno.readTextFile(path));
  const outlined = coco.images.filter(({ id }) => coco.annotations.some(({ image_id }) => image_id === id));
  const removed = Array.from({ length: 6 }, (_, i) => outlined[6 * i]!);
  const swapped = Array.from({ length: 6 }, (_, i) => outlined[6 * i + 1]!);
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

Deno.test("audit of phantoms: removed and swapped outlines, and tumors that nobody outlined, come to the top", () =>
  withModel(async (folder, audit) => {
    const test = join(folder, "test");
    const coco: Coco = JSON.parse(await Deno.readTextFile(join(test, FILE)));
    const outlined = new Set(coco.annotations.map(({ image_id }) => image_id));
    const healthy = coco.images.filter(({ id }) => !outlined.has(id)).map(({ file_name }) => file_name);
    assert.ok(healthy.length >= 4);

    // The same images, as if nobody had looked at them.
    const raw = join(folder, "unannotated");
    await Deno.mkdir(raw);
    for (const { file_name } of coco.images) await Deno.copyFile(join(test, file_name), join(raw, file_name));
    const unlabelled = await audit("unannotated");
    const ranked = unlabelled.audit!.map(({ name }) => name);
    assert.ok(unlabelled.audit!.every(({ kind }) => kind === "missing"));
    // Of all pairs of an image with tumors and one without, those in which the first stands higher.
    const placeOf = (name: string) => ranked.includes(name) ? ranked.indexOf(name) : ranked.length;
    const ill = coco.images.map(({ file_name }) => file_name).filter((name) => !healthy.includes(name));
    const right = ill.flatMap((a) => healthy.filter((b) => placeOf(a) < placeOf(b))).length;
    const share = right / (ill.length * healthy.length);
    assert.ok(share > 0.85, `${share} of the pairs, the healthy at ${healthy.map(placeOf)}`);

    const spoilt = await spoil(join(test, FILE));
    const { audit: findings, summary } = await audit("test");
    const places = [...spoilt].map((name) => 1 + findings!.findIndex((finding) => finding.name === name))
      .sort((a, b) => a - b);
    const said = `places ${places}, Dice ${summary!.pooled.dice}`;
    assert.ok(places.every((place) => place > 0), said);
    assert.equal(places.filter((place) => place <= 6).length, 6, `precision of the first six: ${said}`);
    assert.ok(places.filter((place) => place <= 12).length >= 9, `precision of the first twelve: ${said}`);
    assert.ok(places.at(-1)! <= 24, `all twelve among the first 24 of 60: ${said}`);
  }));

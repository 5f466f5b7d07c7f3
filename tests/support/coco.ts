/**
 * Small datasets for tests: annotation texts, and folders with images.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { encodeRgbPng, type RgbImage } from "../../mod.ts";
import { ROOT } from "../project/files.ts";

/** A file of `tests/fixtures/coco`. */
export function readCocoFixture(name: string): string {
  return Deno.readTextFileSync(new URL(`../fixtures/coco/${name}`, import.meta.url));
}

/** Annotations of images `1.png`, `2.png`, ... of one size, with ids from 1 and one category. */
export function cocoText(
  size: { width: number; height: number; images?: number },
  annotations: readonly Record<string, unknown>[],
): string {
  const images = Array.from({ length: size.images ?? 1 }, (_, i) => ({
    id: i + 1,
    file_name: `${i + 1}.png`,
    width: size.width,
    height: size.height,
  }));
  const entries = annotations.map((annotation, i) => ({
    id: i + 1,
    image_id: 1,
    category_id: 1,
    ...annotation,
  }));
  return JSON.stringify({ images, annotations: entries, categories: [{ id: 1, name: "tumor" }] });
}

/** A gray image from a function of the position. */
export function paint(width: number, height: number, gray: (x: number, y: number) => number): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.fill(gray(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
  }
  return { width, height, data };
}

/** An image unlike that of any other seed: a few blurred spots. */
export function spots(seed: number, side = 64): RgbImage {
  const spot = (i: number) => [17, 29, 41].map((factor) => (seed * factor + i * 23 + seed * i * 7) % 64);
  return paint(side, side, (x, y) => {
    let light = 0;
    for (let i = 0; i < 5; i++) {
      const [u, v, w] = spot(i) as [number, number, number];
      light += (60 + w) * Math.exp(-(((64 * x) / side - u) ** 2 + ((64 * y) / side - v) ** 2) / 60);
    }
    return Math.min(255, light);
  });
}

/** Writes files below `folder`: texts and bytes verbatim, images as PNG. */
export async function writeFiles(
  folder: string,
  files: { readonly [path: string]: string | Uint8Array | RgbImage },
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    await Deno.mkdir(dirname(full), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(full, content);
    else await Deno.writeFile(full, content instanceof Uint8Array ? content : await encodeRgbPng(content));
  }
}

/**
 * Runs `body` with a new folder below the project's `dataset`, where tasks may read and write, and with its path as a
 * user types it; removes the folder afterwards.
 */
export function inDatasetFolder(body: (folder: string, typed: string) => Promise<void>): Promise<void> {
  return inProjectFolder("dataset", body);
}

/** The same below another folder of the project that tasks may write to: `runs`, `predictions`. */
export async function inProjectFolder(
  parent: string,
  body: (folder: string, typed: string) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(join(ROOT, parent), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(ROOT, parent), prefix: ".test-" });
  try {
    await body(folder, relative(ROOT, folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

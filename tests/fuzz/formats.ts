/**
 * The formats of `deno task fuzz`: for each, files to damage, and a reader that tells whether the content is that of the
 * undamaged file.
 *
 * @module
 */
import { join } from "node:path";
import { decodeImage, readCoco, type RgbImage } from "../../mod.ts";
import { unzip } from "../../src/archive/unzip.ts";
import { decodeLabelImage, decodeSamples } from "../../src/image/decode.ts";
import { displayImage } from "../../src/image/display.ts";
import { LABEL_CHANNELS } from "../../src/image/label_image.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { readWeights } from "../../src/weights/weights_file.ts";
import { ZipArchive } from "../../src/weights/zip_reader.ts";
import { canonicalTree, makeZip, readTree, type Tree } from "../support/archives.ts";
import { cocoText } from "../support/coco.ts";
import { mutate } from "../support/mutate.ts";
import type { Random } from "../support/random.ts";
import { spotModel } from "../support/spot_model.ts";
import { editZip, readFixture } from "../weights/support.ts";
import { SOURCE_FORMATS } from "./sources.ts";
import images from "../fixtures/images/images.json" with { type: "json" };
import labels from "../fixtures/images/labels.json" with { type: "json" };
import samples from "../fixtures/images/samples.json" with { type: "json" };

/** A format that is ready to be damaged. */
export interface Prepared {
  /** A damaged file, the same for the same draws. */
  damage(random: Random): Uint8Array | Promise<Uint8Array>;
  /** Reads it; whether its content is that of the undamaged file. Rejects if it is refused. */
  read(bytes: Uint8Array): Promise<boolean>;
  /** Whether checksums cover the content, so that other content is never read. */
  readonly checked: boolean;
  /** Removes what it used. */
  close?(): Promise<void>;
}

/** Where archives are unpacked. */
const FOLDER = "dataset/.fuzz";

/** Values as text that differs if they do. */
const show = (value: unknown) =>
  JSON.stringify(
    value,
    (_, part) =>
      part instanceof Map ? [...part] : ArrayBuffer.isView(part) ? [...part as Float32Array] : part,
  );

/** A format of one file, read in memory. */
async function ofBytes(
  original: Uint8Array,
  content: (bytes: Uint8Array) => Promise<string>,
  damage: Prepared["damage"] = (random) => mutate(original, random),
): Promise<Prepared> {
  const expected = await content(original);
  return { damage, checked: false, read: async (bytes) => await content(bytes) === expected };
}

/** An image format: any of its fixtures, one of which each input is. */
function ofImages(
  format: string,
  entries: readonly { name: string; file: string }[] = images,
  samplesOf: (bytes: Uint8Array) => Promise<RgbImage> = decodeImage,
): () => Promise<Prepared> {
  return () => {
    const files = entries.filter(({ name }) => name.startsWith(format)).map(({ file }) =>
      Uint8Array.fromBase64(file)
    );
    return Promise.resolve({
      damage: (random) => mutate(files[random.integer(files.length)]!, random),
      checked: false,
      async read(bytes) {
        const { width, height, data } = await samplesOf(bytes);
        if (data.length !== 3 * width * height) throw new Error("the image is not as large as it says");
        return files.some((file) =>
          file.length === bytes.length && file.every((byte, at) => byte === bytes[at])
        );
      },
    });
  };
}

/** The samples of an image, which may be of any type, shown to an eye. */
async function sampled(bytes: Uint8Array): Promise<RgbImage> {
  const { raster } = await decodeSamples(bytes);
  if (!raster.data.every(Number.isFinite)) throw new Error("a sample is not finite");
  return displayImage(raster);
}

/** The stored samples of a mask, as many as three per pixel would be. */
async function labeled(bytes: Uint8Array): Promise<RgbImage> {
  const { width, height, kind, data } = await decodeLabelImage(bytes);
  return { width, height, data: new Uint8Array(3 * data.length / LABEL_CHANNELS[kind]) };
}

const weightsOf = async (bytes: Uint8Array) => show((await readWeights(bytes)).tensors);

async function pickle(): Promise<Prepared> {
  const original = readFixture("kinds.pth");
  const content = await new ZipArchive(original, 2 ** 20).read("kinds/data.pkl");
  return await ofBytes(
    original,
    weightsOf,
    (random) => editZip(original, { "kinds/data.pkl": mutate(content, random) }),
  );
}

const TREE: Tree = {
  "train/a.json": `[${"1, ".repeat(40)}2]`,
  "train/b.jpg": "\x01\x02".repeat(50),
  "empty/": null,
};

async function zip(): Promise<Prepared> {
  const originals = [makeZip(TREE, 0), makeZip(TREE, 6)];
  const expected = show(canonicalTree(TREE));
  await Deno.mkdir(FOLDER, { recursive: true });
  const [path, output] = [join(FOLDER, "a.zip"), join(FOLDER, "out")];
  const clear = () => Deno.remove(output, { recursive: true }).catch(() => {});
  return {
    damage: (random) => mutate(random.pick(originals), random),
    checked: true,
    async read(bytes) {
      await Deno.writeFile(path, bytes);
      await clear();
      await unzip(path, output, { maxBytes: 2 ** 20 });
      return show(canonicalTree(await readTree(output, [".unzip"]))) === expected;
    },
    close: () => Deno.remove(FOLDER, { recursive: true }),
  };
}

/** The formats by name. */
export const FORMATS = {
  jpeg: ofImages("JPEG"),
  png: ofImages("PNG"),
  tiff: ofImages("TIFF"),
  bmp: ofImages("BMP"),
  webp: ofImages("WebP"),
  gif: ofImages("GIF"),
  deepPng: ofImages("PNG", samples.entries, sampled),
  deepTiff: ofImages("TIFF", samples.entries, sampled),
  pngLabels: ofImages("PNG", [...labels, ...samples.entries], labeled),
  tiffLabels: ofImages("TIFF", [...images, ...samples.entries], labeled),
  gifLabels: ofImages("GIF", labels, labeled),
  bmpLabels: ofImages("BMP", labels, labeled),
  coco: () => {
    const annotations = [{ segmentation: [[1, 1, 9, 1.5, 8, 9]] }, {
      segmentation: { size: [12, 16], counts: "d0n0f3" },
      image_id: 2,
    }];
    const text = cocoText({ width: 16, height: 12, images: 3 }, annotations);
    const read = (bytes: Uint8Array) => Promise.resolve(show(readCoco(new TextDecoder().decode(bytes))));
    return ofBytes(new TextEncoder().encode(text), read);
  },
  safetensors: () => ofBytes(readFixture("types.safetensors"), weightsOf),
  model: () => ofBytes(spotModel(), async (bytes) => show((await readModel(bytes)).description)),
  pth: async () => ({ ...await ofBytes(readFixture("deflated.pth"), weightsOf), checked: true }),
  pickle,
  zip,
  ...SOURCE_FORMATS,
} satisfies Record<string, () => Promise<Prepared>>;

/** The name of a format. */
export type FormatName = keyof typeof FORMATS;

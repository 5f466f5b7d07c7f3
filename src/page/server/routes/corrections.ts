/**
 * Routes of corrected masks: images to correct, all versions of their masks, and the one route that saves.
 *
 * @module
 */
import {
  appendCorrection,
  CorrectionConflict,
  type CorrectionRecord,
  newestOf,
} from "../../../dataset/corrections.ts";
import { integerOf, listOf, objectOf, oneOf, orMissing, orNull, TEXT } from "../../../fs/json_shape.ts";
import type {
  CorrectionSplits,
  MasksToSave,
  QueuedImage,
  SavedMasks,
  VersionMasks,
} from "../../api/corrections.ts";
import {
  correctedOf,
  correctionsPath,
  describeImage,
  openImage,
  readSaved,
  regionsFrom,
  stateOf,
  versionOf,
} from "../corrections.ts";
import { imageOf, readSplitOf, readSplits } from "../dataset_splits.ts";
import { cachedImageResponse } from "../image_cache.ts";
import { json, type Route, RouteError, type RouteRequest } from "../route.ts";

/** Most bytes of masks to save: a mask of noise over the largest image stays far below. */
const MAX_SAVED_BYTES = 2 ** 25;

const REGIONS = listOf(objectOf({
  category: TEXT,
  rle: objectOf({ size: listOf(integerOf(1)), counts: TEXT }),
}));

/** The form of {@linkcode MasksToSave}; `appendCorrection` checks the values. */
const MASKS_TO_SAVE = objectOf({
  name: orMissing(TEXT),
  split: TEXT,
  fileName: TEXT,
  sha256: TEXT,
  annotator: TEXT,
  source: oneOf("prediction", "annotation", "empty"),
  model: orNull(TEXT),
  base: orNull(integerOf(1)),
  before: orNull(REGIONS),
  classes: REGIONS,
});

/** The routes. */
export const CORRECTION_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "api/corrections/splits",
    async handle({ board, query }) {
      const name = query.get("name") ?? board.correctionsName;
      const saved = await readSaved(correctionsPath(board, name));
      const newest = new Map(
        saved.images.map((image) => [`${image.split}/${image.fileName}`, newestOf(image)]),
      );
      const splits = (await readSplits(board)).map(({ split, images }) => ({
        name: split.name,
        images: images.map((image): QueuedImage => {
          const { revision = null, annotator = null } = newest.get(`${split.name}/${image.fileName}`) ?? {};
          return { fileName: image.fileName, state: stateOf(image), revision, annotator };
        }),
      }));
      return json({ file: `corrections/${name}.coco.json`, splits } satisfies CorrectionSplits);
    },
  },
  {
    method: "GET",
    path: "api/corrections/image/:split/:file",
    async handle(request) {
      const { from, image, saved } = await find(request);
      return json(await describeImage(request.board, from, image, saved));
    },
  },
  {
    method: "GET",
    path: "api/corrections/version/:split/:file/:revision",
    async handle(request) {
      const { from, image, saved } = await find(request);
      const { revision } = request.parameters;
      const corrected = correctedOf(saved, from.split.name, image.fileName);
      const version = corrected?.corrections.find((each) => `${each.revision}` === revision);
      if (version === undefined) {
        throw new RouteError(404, `Cannot find revision ${JSON.stringify(revision)} of this image`);
      }
      return json({ ...versionOf(version), regions: regionsFrom(version.regions) } satisfies VersionMasks);
    },
  },
  {
    method: "GET",
    path: "api/corrections/pixels/:split/:file",
    async handle({ board, headers, parameters }) {
      const from = await readSplitOf(board, parameters.split!);
      const { fileName } = imageOf(from, parameters.file!);
      return await cachedImageResponse(board, headers, from.split, fileName);
    },
  },
  {
    method: "POST",
    path: "api/corrections",
    maxBody: MAX_SAVED_BYTES,
    handle: save,
  },
];

async function find({ board, parameters, query }: RouteRequest) {
  const from = await readSplitOf(board, parameters.split!);
  const image = imageOf(from, parameters.file!);
  return { from, image, saved: await readSaved(correctionsPath(board, query.get("name") ?? undefined)) };
}

async function save({ board, body }: RouteRequest): Promise<Response> {
  const value = await body();
  const fault = MASKS_TO_SAVE(value, "the body");
  if (fault !== null) throw new RouteError(400, `Cannot save a correction: ${fault}`);
  const masks = value as MasksToSave;
  const { name, fileName, sha256, annotator, source, model, base, before, classes } = masks;
  const path = correctionsPath(board, name);
  const from = await readSplitOf(board, masks.split);
  const opened = await openImage(from, imageOf(from, fileName));
  if (opened.sha256 !== sha256) {
    throw new RouteError(
      412,
      `Cannot save a correction of ${
        JSON.stringify(fileName)
      }: the image file has changed since it was opened\n` +
        "hint: open the image again; the draft is kept",
    );
  }
  const { width, height, annotation } = opened;
  const record: CorrectionRecord = {
    image: { split: from.split.name, fileName, width, height, sha256 },
    annotator,
    source,
    model,
    base,
    before: source === "prediction" && before !== null
      ? { source, model, regions: before }
      : { source: annotation === null ? "empty" : "annotation", model: null, regions: annotation ?? [] },
    regions: classes,
  };
  try {
    return json(await appendCorrection(path, record) satisfies SavedMasks);
  } catch (error) {
    if (error instanceof CorrectionConflict) throw new RouteError(409, error.message);
    if (error instanceof TypeError || error instanceof RangeError) throw new RouteError(400, error.message);
    throw error;
  }
}

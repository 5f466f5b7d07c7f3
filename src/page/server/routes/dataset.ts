/**
 * Routes of the dataset's images.
 *
 * @module
 */
import type { DatasetImageDetail } from "../../api/dataset.ts";
import { openImage } from "../corrections.ts";
import { describeDataset } from "../dataset/summary.ts";
import { surveyOf } from "../dataset/survey.ts";
import { imageOf, readSplitOf } from "../dataset_splits.ts";
import { json, type Route } from "../route.ts";

/** Seconds for which a browser asks for no thumbnail again. */
const THUMBNAIL_SECONDS = 300;

/** In the place of an image that cannot be decoded. */
const NOT_SHOWN = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">` +
  `<text x="80" y="84" text-anchor="middle" font-family="sans-serif" font-size="15" fill="#e8ecf0">` +
  `cannot be shown</text></svg>`;

/** The routes. */
export const DATASET_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "api/dataset",
    handle: async ({ board }) => json(await describeDataset(board)),
  },
  {
    method: "GET",
    path: "api/dataset/survey",
    async handle({ board, query }) {
      const survey = await surveyOf(board);
      survey.begin();
      const from = Number(query.get("from") ?? 0);
      return json(survey.state(Number.isSafeInteger(from) && from > 0 ? from : 0));
    },
  },
  {
    method: "GET",
    path: "api/dataset/image/:split/:file",
    async handle({ board, parameters }) {
      const from = await readSplitOf(board, parameters.split!);
      const { width, height, annotation, doubt } = await openImage(from, imageOf(from, parameters.file!));
      return json({ width, height, regions: annotation, doubt } satisfies DatasetImageDetail);
    },
  },
  {
    method: "GET",
    path: "api/dataset/thumbnail/:split/:file",
    async handle({ board, parameters, headers, signal }) {
      const from = await readSplitOf(board, parameters.split!);
      const survey = await surveyOf(board);
      const kept = await survey.image(from, imageOf(from, parameters.file!), signal);
      // A failure would be one of the page; the list says what the problem is.
      if (kept.jpeg.length === 0) {
        return new Response(NOT_SHOWN, { headers: { "content-type": "image/svg+xml" } });
      }
      const etag = `"${kept.name}"`;
      const caching = { etag, "cache-control": `private, max-age=${THUMBNAIL_SECONDS}` };
      if (headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: caching });
      return new Response(kept.jpeg, { headers: { ...caching, "content-type": "image/jpeg" } });
    },
  },
];

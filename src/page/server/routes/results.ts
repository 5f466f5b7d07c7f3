/**
 * Routes of evaluations of a split, image by image.
 *
 * @module
 */
import { join } from "node:path";
import { MAP_INDEX_FILE } from "../../../evaluation/map_index.ts";
import { readBounded } from "../../../fs/bounded_read.ts";
import { evaluationNames } from "../../../fs/layout.ts";
import { ifFound } from "../../../fs/paths.ts";
import { MAX_BYTES } from "../../../image/limits.ts";
import { cachedImageResponse } from "../image_cache.ts";
import { listEvaluations, openEvaluation } from "../results/evaluations.ts";
import { evaluationState, imageTruth, resultImage } from "../results/result_images.ts";
import { json, type Route, RouteError, type RouteRequest } from "../route.ts";

function open({ board, parameters }: RouteRequest) {
  return openEvaluation(board, parameters.run!, parameters.split!);
}

/** The routes. */
export const RESULT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "api/results",
    handle: async ({ board }) => json(await listEvaluations(board)),
  },
  {
    method: "GET",
    path: "api/results/:run/:split",
    handle: async (request) => json((await open(request)).results),
  },
  {
    method: "GET",
    path: "api/results/:run/:split/state",
    handle: async (request) => json(await evaluationState(request.board, await open(request))),
  },
  {
    method: "GET",
    path: "api/results/:run/:split/map/:name",
    async handle(request) {
      const { results, folder } = await open(request);
      const { name } = request.parameters;
      const file = results.maps?.images.find((image) => image.name === name)?.file ?? null;
      // The name of the file is of the index's form: digits and an ending.
      const path = file === null ? null : join(folder, evaluationNames(results.split).maps, file);
      const bytes = path === null ? null : await ifFound(readBounded(path, MAX_BYTES));
      if (bytes !== null) return new Response(bytes, { headers: { "content-type": "image/png" } });
      throw new RouteError(
        404,
        `Cannot show a prediction of ${JSON.stringify(name)}: no map of it is stored in ` +
          `${evaluationNames(results.split).maps}/${MAP_INDEX_FILE}\nhint: evaluate again, without --no-maps`,
      );
    },
  },
  {
    method: "GET",
    path: "api/results/:run/:split/image/:name",
    async handle(request) {
      const { from, image } = await resultImage(request.board, await open(request), request.parameters.name!);
      const { board, headers, query } = request;
      const convert = query.has("convert");
      return await cachedImageResponse(board, headers, from.split, image.fileName, { convert });
    },
  },
  {
    method: "GET",
    path: "api/results/:run/:split/truth/:name",
    async handle(request) {
      const evaluation = await open(request);
      return json(
        await imageTruth(evaluation, await resultImage(request.board, evaluation, request.parameters.name!)),
      );
    },
  },
];

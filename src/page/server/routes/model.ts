/**
 * Routes of the models that predict in the page.
 *
 * @module
 */
import { join } from "node:path";
import { openRegular } from "../../../fs/bounded_read.ts";
import { RUN_FILES } from "../../../fs/layout.ts";
import { ifFound, listFolder } from "../../../fs/paths.ts";
import { byteLengthOf } from "../../../fs/read_at.ts";
import type { ModelInfo, ModelList } from "../../api/model.ts";
import { readModelInfo } from "../../model_info.ts";
import { type Board, json, type Route, RouteError } from "../route.ts";

/** The id of the model that the board was started with; a run's has a prefix. */
const GIVEN = "given";

/** The id of the model that comes with the program. */
const SHIPPED = "shipped";
const RUN_PREFIX = "run ";

/** Bytes per piece of a file. */
const PIECE = 2 ** 18;

/** What was read of a file, as long as that stays the same. */
const known = new Map<string, { readonly mark: string; readonly info: ModelInfo }>();

/** The routes. */
export const MODEL_ROUTES: readonly Route[] = [
  { method: "GET", path: "api/models", handle: async ({ board }) => json(await listModels(board)) },
  {
    method: "GET",
    path: "api/models/:id",
    async handle({ board, parameters }) {
      const found = (await modelFiles(board)).find(({ id }) => id === parameters.id);
      if (found === undefined) {
        throw new RouteError(404, `Cannot find the model ${JSON.stringify(parameters.id!.slice(0, 100))}`);
      }
      return await sendFile(found.path);
    },
  },
];

interface ModelFile {
  readonly id: string;
  readonly path: string;
  readonly time: number;
  readonly mark: string;
}

/** The files of models, the newest first; the one that the board was started with before all, the one that comes with the
 * program after all. */
async function modelFiles({ runs, model, shipped }: Board): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  const look = async (id: string, path: string) => {
    const info = await ifFound(Deno.stat(path));
    if (info === null || !info.isFile) return;
    const time = info.mtime?.getTime() ?? 0;
    files.push({ id, path, time, mark: `${time} ${info.size}` });
  };
  for (const { name } of await listFolder(runs)) {
    await look(`${RUN_PREFIX}${name}`, join(runs, name, RUN_FILES.best));
  }
  files.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
  if (shipped) await look(SHIPPED, shipped);
  if (model !== null) {
    await look(GIVEN, model);
    if (files.at(-1)?.id === GIVEN) files.unshift(files.pop()!);
  }
  return files;
}

async function listModels(board: Board): Promise<ModelList> {
  const models: ModelInfo[] = [];
  const problems: { name: string; message: string }[] = [];
  for (const { id, path, mark } of await modelFiles(board)) {
    try {
      models.push(await describe(id, path, mark));
    } catch (error) {
      problems.push({ name: path, message: (error as Error).message });
    }
  }
  return { models, problems };
}

async function describe(id: string, path: string, mark: string): Promise<ModelInfo> {
  const kept = known.get(path);
  if (kept?.mark === mark) return kept.info;
  const info = await readModelInfo(path, id, `api/models/${encodeURIComponent(id)}`);
  known.set(path, { mark, info });
  return info;
}

/** A file as it is now, in pieces: one that is replaced meanwhile stays what it was. */
async function sendFile(path: string): Promise<Response> {
  const file = await openRegular(path);
  const byteLength = byteLengthOf(file);
  file.seekSync(0, Deno.SeekMode.Start);
  let left = byteLength;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const bytes = new Uint8Array(Math.min(PIECE, left));
      const count = left === 0 ? null : await file.read(bytes);
      if (count === null) {
        file.close();
        if (left === 0) controller.close();
        else controller.error(new Error("The file became shorter"));
        return;
      }
      left -= count;
      controller.enqueue(bytes.subarray(0, count));
    },
    cancel: () => file.close(),
  });
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", "content-length": `${byteLength}` },
  });
}

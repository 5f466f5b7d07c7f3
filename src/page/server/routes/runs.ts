/**
 * Routes of runs: their table, and one run with its log as it grows and its samples.
 *
 * @module
 */
import { readBounded } from "../../../fs/bounded_read.ts";
import type { RunList, RunSummary } from "../../api/runs.ts";
import { eventStream } from "../event_stream.ts";
import { json, type Route, RouteError, type RouteRequest } from "../route.ts";
import { runsOf } from "../runs/run_store.ts";

/** Milliseconds between looks at a run that is watched. */
const RUN_POLL_MS = 250;

/** Milliseconds between looks at all runs. */
const LIST_POLL_MS = 700;

/** Most bytes of a sample's image. */
const MOST_SAMPLE_BYTES = 2 ** 24;

const runOf = ({ board, parameters }: RouteRequest) => runsOf(board).run(parameters.run!);

/** Sends all runs, then whenever one of them changes. */
function listEvents({ board, signal }: RouteRequest): Response {
  let sent: readonly RunSummary[] | null = null;
  return eventStream({
    signal,
    everyMs: LIST_POLL_MS,
    async poll(send) {
      const runs = await runsOf(board).list();
      const isSame = sent?.length === runs.length && runs.every((run, index) => run === sent![index]);
      if (isSame) return;
      sent = runs;
      send("runs", { folder: board.runs, runs } satisfies RunList);
    },
  });
}

/**
 * Sends the whole run, then what is new: lines of the log, the summary, samples. After the log was written again, or a
 * new run has taken the place of the old one, the whole run.
 */
async function runEvents(request: RouteRequest): Promise<Response> {
  // An unknown name is an error of the request, not of the stream.
  await runOf(request);
  const sent = { generation: -1, lines: 0, summary: null as RunSummary | null, samples: "" };
  return eventStream({
    signal: request.signal,
    everyMs: RUN_POLL_MS,
    async poll(send) {
      const run = await runOf(request).catch((error) => {
        if (!(error instanceof RouteError)) throw error;
        return null;
      });
      if (run === null) {
        if (sent.generation !== -2) send("gone", null);
        sent.generation = -2;
        return;
      }
      const summary = await run.refresh();
      const { generation, lines } = run.log;
      if (generation !== sent.generation || lines.length < sent.lines) {
        const detail = await run.detail();
        send("run", detail);
        Object.assign(sent, { generation, lines: detail.lines.length, summary: detail.summary });
        sent.samples = JSON.stringify(detail.samples);
        return;
      }
      if (lines.length > sent.lines) send("lines", lines.slice(sent.lines));
      if (summary !== sent.summary) send("summary", summary);
      Object.assign(sent, { lines: lines.length, summary });
      const samples = await run.samples();
      const text = JSON.stringify(samples);
      if (text !== sent.samples) send("samples", samples);
      sent.samples = text;
    },
  });
}

async function sampleImage(request: RouteRequest): Promise<Response> {
  const run = await runOf(request);
  const name = request.parameters.file!;
  if (!(await run.samples()).some(({ file }) => file === name)) {
    throw new RouteError(404, `There is no sample ${JSON.stringify(name)}`);
  }
  const bytes = await readBounded(run.samplePath(name), MOST_SAMPLE_BYTES);
  // Its address changes with its content.
  const headers = { "content-type": "image/png", "cache-control": "private, max-age=86400" };
  return new Response(bytes, { headers });
}

/** The routes. */
export const RUN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "api/runs",
    handle: async ({ board }) =>
      json({ folder: board.runs, runs: await runsOf(board).list() } satisfies RunList),
  },
  { method: "GET", path: "api/events/runs", handle: listEvents },
  {
    method: "GET",
    path: "api/runs/:run",
    handle: async (request) => json(await (await runOf(request)).detail()),
  },
  { method: "GET", path: "api/runs/:run/events", handle: runEvents },
  { method: "GET", path: "api/runs/:run/samples/:file", handle: sampleImage },
];

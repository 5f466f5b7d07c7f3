/** Models over the network: progress, and what is wrong with them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EngineProgress } from "../../../../src/page/app/predict/engine_types.ts";
import { fetchModel } from "../../../../src/page/app/predict/fetch_model.ts";
import { ROOT } from "../../../project/files.ts";

const FILE = await Deno.readFile(join(ROOT, "tests/fixtures/phantom_model/model.safetensors"));

/** Fetches what a server answers. */
async function fetchFrom(answer: () => Response): Promise<{ progress: EngineProgress[]; values: number }> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    const progress: EngineProgress[] = [];
    const address = `http://127.0.0.1:${server.addr.port}/model.safetensors`;
    const { stored } = await fetchModel(address, (step) => progress.push(step));
    return { progress, values: stored.state.size };
  } finally {
    await server.shutdown();
  }
}

/** A body in parts, without a stated length. */
function parts(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += 100_000));
      else controller.close();
    },
  });
}

/** Fetches from a server that closes the connection early. */
async function fetchBroken(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nabc"));
  };
  const served = serve();
  const address = `http://127.0.0.1:${listener.addr.port}/model.safetensors`;
  await fetchModel(address, () => {}).finally(() => served);
}

Deno.test("fetchModel: says how much has arrived, of a total if the server states it", async () => {
  const { progress, values } = await fetchFrom(() => new Response(FILE));
  assert.equal(values, 100);
  assert.deepEqual(progress.at(-1), { phase: "model", loaded: FILE.length, total: FILE.length });
  const unstated = await fetchFrom(() => new Response(parts(FILE)));
  assert.ok(unstated.progress.length > 3);
  assert.ok(unstated.progress.slice(0, -1).every((step) => "total" in step && step.total === null));
});

Deno.test("fetchModel: refuses what is missing, truncated, or no model, with the way out", async () => {
  await assert.rejects(
    fetchFrom(() => new Response("", { status: 404 })),
    /Cannot load the model "\/model\.safetensors": the server answered 404\nhint: /,
  );
  await assert.rejects(fetchBroken(), /the connection ended after 3 bytes .*\nhint: reload/);
  await assert.rejects(fetchFrom(() => new Response(FILE.slice(0, 9000))), SyntaxError);
  await assert.rejects(fetchFrom(() => new Response("<!doctype html><title>Login</title>")), /HTML/);
});

Deno.test("fetchModel: takes bytes, with their hash and type of weights", async () => {
  const { byteLength, weights, sha256 } = await fetchModel(FILE, () => {});
  assert.deepEqual([byteLength, weights], [FILE.length, "float16"]);
  assert.match(sha256!, /^[0-9a-f]{64}$/);
});

/**
 * Sends numbers, images, texts and error lines of a run to a SwanLab server.
 *
 * @module
 */
import type { RemoteRun, SwanLabClient } from "./swanlab_client.ts";
import type { MediaFile } from "./swanlab_format.ts";

const SERIES_AT_ONCE = 3000;

/** An item to send. */
export type Item =
  & { readonly key: string; readonly step: number; readonly time: Date }
  & (
    | { readonly type: "scalar"; readonly value: number }
    | { readonly type: "media"; readonly media: MediaFile; readonly caption: string }
    | { readonly type: "log"; readonly message: string }
  );

/**
 * Sends items of one type in one request, after the requests that must precede it. `declared` is the set of keys that
 * the server knows, and is extended. Sending an item twice is harmless.
 */
export async function sendItems(
  client: SwanLabClient,
  remote: RemoteRun,
  declared: Set<string>,
  items: readonly Item[],
): Promise<void> {
  await declareSeries(client, remote, declared, items);
  await uploadMedia(client, remote, items);
  const { projectId, experimentId } = remote;
  const metrics = items.map((item) => encodeItem(item, remote));
  await client.request("POST", "/house/metrics", { type: items[0]?.type, projectId, experimentId, metrics });
}

/** Declares keys with their types, which the server must know before the first value. */
async function declareSeries(
  client: SwanLabClient,
  { projectPath, lastSteps }: RemoteRun,
  declared: Set<string>,
  items: readonly Item[],
): Promise<void> {
  const series = new Map<string, { key: string; type: string; sectionName?: string }>();
  for (const item of items) {
    if (item.type === "log" || declared.has(item.key) || lastSteps.has(item.key)) continue;
    const slash = item.key.indexOf("/");
    const type = item.type === "scalar" ? "FLOAT" : item.media.kind.toUpperCase();
    series.set(item.key, {
      key: item.key,
      type,
      ...(slash > 0 ? { sectionName: item.key.slice(0, slash) } : {}),
    });
  }
  const all = [...series.values()];
  for (let start = 0; start < all.length; start += SERIES_AT_ONCE) {
    const body = { series: all.slice(start, start + SERIES_AT_ONCE) };
    await client.request("POST", `/projects/${projectPath}/series`, body);
    body.series.forEach(({ key }) => declared.add(key));
  }
}

/** Uploads images and texts to the URLs that the server has signed. */
async function uploadMedia(
  client: SwanLabClient,
  { experimentId }: RemoteRun,
  items: readonly Item[],
): Promise<void> {
  const files = items.flatMap((item) => item.type === "media" ? [item.media] : []);
  if (files.length === 0) return;
  const body = { experimentId, paths: files.map(remotePath) };
  const { urls } = (await client.request("POST", "/resources/presigned/put", body)).data;
  await Promise.all(files.map(({ kind, bytes }, index) => {
    return client.put(urls[index], bytes, kind === "image" ? "image/png" : "text/plain");
  }));
}

function remotePath({ kind, fileName }: MediaFile): string {
  return `media/${kind}/${fileName}`;
}

function encodeItem(item: Item, { logLines }: RemoteRun): Record<string, unknown> {
  const create_time = item.time.toISOString();
  if (item.type === "log") return { level: "ERROR", epoch: logLines + 1, message: item.message, create_time };
  const { key, step: index } = item;
  if (item.type === "scalar") {
    return { key, index, data: Number.isFinite(item.value) ? item.value : "nan", create_time };
  }
  return {
    key,
    index,
    data: [remotePath(item.media)],
    more: item.caption ? [{ caption: item.caption }] : [],
    create_time,
  };
}

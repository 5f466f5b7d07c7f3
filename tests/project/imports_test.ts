/** Which room may import which, and that no files import each other in a circle. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { circles, type Edge, type Graph, loadedWith, readGraph } from "../support/module_graph.ts";
import { ROOT } from "./files.ts";

/** Files and rooms that every room of `src` may use, and that use only each other. */
const COMMON = [
  "src/bytes.ts",
  "src/crc32.ts",
  "src/csv_text.ts",
  "src/escape.ts",
  "src/format.ts",
  "src/fs",
  "src/inflater.ts",
  "src/math.ts",
  "src/protobuf.ts",
  "src/random.ts",
  "src/ranks",
  "src/stopwatch.ts",
  "src/tensor.ts",
  "src/zip_extent.ts",
  "src/zlib_stream.ts",
];

/** Room to the rooms that it may import besides itself and {@linkcode COMMON}. */
const MAY_IMPORT: Record<string, string[]> = {
  "kernels": [],
  "src/gpu": ["kernels"],
  "src/graph": ["kernels", "src/gpu"],
  "src/self_test": ["kernels", "src/gpu", "src/graph"],
  "src/host": ["kernels", "src/gpu", "src/self_test"],
  "src/layers": ["kernels", "src/gpu", "src/graph"],
  "src/unet": ["kernels", "src/gpu", "src/graph", "src/layers", "src/image", "src/weights"],
  "src/tuning": ["kernels", "src/gpu", "src/graph", "src/self_test", "src/layers"],
  "src/onnx": ["src/image", "src/unet"],
  "src/appearance": ["src/image", "src/unet"],
  "src/archive": [],
  "src/image": [],
  "src/weights": [],
  "src/tracking": [],
  "src/coco": ["src/image"],
  "src/dataset": ["src/coco", "src/image"],
  "src/phantom": ["src/coco", "src/dataset", "src/image"],
  "src/resplit": ["src/coco", "src/dataset"],
  "src/import": ["src/archive", "src/coco", "src/dataset", "src/image", "src/resplit"],
  "src/prediction": [
    ...["kernels", "src/gpu", "src/graph", "src/layers", "src/unet", "src/coco", "src/image"],
    ...["src/appearance", "src/weights"],
  ],
  "src/evaluation": [
    "src/appearance",
    "kernels",
    "src/unet",
    "src/coco",
    "src/dataset",
    "src/image",
    "src/prediction",
  ],
  "src/card": ["src/dataset", "src/evaluation", "src/image", "src/prediction", "src/unet", "src/weights"],
  "src/training": [
    "src/card",
    ...["kernels", "src/gpu", "src/graph", "src/host", "src/layers", "src/unet"],
    ...["src/weights", "src/tracking", "src/dataset", "src/image", "src/prediction", "src/evaluation"],
    "src/appearance",
  ],
  "src/ensembles": [
    ...[
      "src/gpu",
      "src/unet",
      "src/tracking",
      "src/dataset",
      "src/import",
      "src/resplit",
      "src/image",
    ],
    ...["src/prediction", "src/evaluation", "src/training"],
  ],
  "src/distributed": ["src/training"],
  "src/page": [
    ...["kernels", "src/gpu", "src/self_test", "src/layers", "src/unet", "src/weights", "src/tracking"],
    ...["src/coco", "src/dataset", "src/image", "src/prediction", "src/evaluation", "src/training"],
    "LICENSE",
  ],
  "src/benchmark": [
    ...[
      "kernels",
      "src/gpu",
      "src/graph",
      "src/self_test",
      "src/host",
      "src/layers",
      "src/unet",
      "src/tuning",
    ],
    ...["src/dataset", "src/phantom", "src/image", "src/training"],
  ],
  "src/cli": [
    "kernels",
    "src/gpu",
    "src/host",
    "src/tuning",
    "src/unet",
    "src/image",
    "src/dataset",
    "src/prediction",
    "src/evaluation",
    "src/training",
    "src/ensembles",
    "src/distributed",
  ],
};

/** Packages to the rooms that may use them. */
const PACKAGES: Record<string, string[]> = {
  "@imagemagick/magick-wasm": ["src/image"],
  "@zip.js/zip.js": ["src/archive", "tests"],
  "commander": ["src/cli", "tasks", "tests"],
  "fflate": ["src/phantom", "tests"],
  "js-yaml": ["src/import"],
  "uplot": ["src/page"],
};

/** The room of a file: its first folder, or the first two below `src`; a file directly in `src` is its own. */
function room(path: string): string {
  const parts = path.split("/");
  return parts.slice(0, parts[0] === "src" ? 2 : 1).join("/");
}

const isPackage = (to: string) => to.startsWith("npm:");
const packageOf = (to: string) =>
  Object.keys(PACKAGES).find((name) => new RegExp(`^npm:/?${name}[@/]`).test(to)) ?? to;

function mayImport({ from, to }: Edge): boolean {
  const [fromRoom, toRoom] = [room(from), room(to)];
  if (to.startsWith("node:")) return fromRoom !== "kernels";
  if (isPackage(to)) return PACKAGES[packageOf(to)]?.includes(fromRoom) ?? false;
  // The references share nothing with what they check; their own tests may use what other tests use.
  if (from.startsWith("tests/reference/") && !from.endsWith("_test.ts")) return false;
  if (fromRoom === toRoom || fromRoom === "tests") return true;
  if (fromRoom === "tasks") return ["mod.ts", "deno.json"].includes(to) || toRoom.startsWith("src/");
  // The way out of a missing permission names the task's set.
  if (from === "src/cli/permission_hint.ts" && to === "deno.json") return true;
  if (fromRoom === "examples") return to === "mod.ts" || to === "src/entries/browser.ts";
  if (fromRoom === "mod.ts" || fromRoom === "src/entries") {
    return toRoom === "kernels" || (toRoom.startsWith("src/") && toRoom !== "src/cli");
  }
  if (fromRoom.startsWith("src/") && COMMON.includes(toRoom)) return true;
  return MAY_IMPORT[fromRoom]?.includes(toRoom) ?? false;
}

let graph: Promise<Graph> | undefined;
/** The module graph, read once. */
const readOnce = () => graph ??= readGraph();

Deno.test("imports: each leads to a file or a named package, and runs in an allowed direction", async () => {
  const { edges, problems } = await readOnce();
  assert.deepEqual(problems, []);
  assert.ok(
    edges.some(({ from, to }) => from === "mod.ts" && to === "src/entries/coco.ts"),
    "the graph was not read",
  );
  const missing = edges.filter(({ to }) => !/^[a-z]+:/.test(to) && !exists(to));
  assert.deepEqual(missing, [], "imports of files that do not exist");
  const refused = edges.filter((edge) => !mayImport(edge)).map(({ from, to }) => `${from} -> ${to}`);
  assert.deepEqual([...new Set(refused)], [], "imports against the direction of the rooms");
});

Deno.test("imports: no files import values from each other in a circle", async () => {
  const { edges } = await readOnce();
  assert.deepEqual(circles(edges.filter(({ to }) => !/^[a-z]+:/.test(to))), []);
});

Deno.test("imports: predicting and preparing images load ImageMagick and annotations when they need them", async () => {
  const { edges } = await readOnce();
  const late = /magick-wasm|^src\/(image\/(magick|decode_magick|font\/font)|coco\/coco_file)\.ts$/;
  assert.ok(edges.some(({ to, isDynamic }) => late.test(to) && isDynamic));
  for (const root of ["tasks/predict.ts", "src/image/decode_worker.ts", "src/dataset/prepare_worker.ts"]) {
    const loaded = loadedWith(edges, root);
    assert.ok(loaded.size > 30, `${root}: ${loaded.size}`);
    assert.deepEqual([...loaded].filter((module) => late.test(module)), [], root);
  }
});

Deno.test("imports: each room of src has its rule, the rules have no circle, and each right is used", async () => {
  const { edges } = await readOnce();
  const rooms = new Set(edges.map(({ from }) => room(from)).filter((name) => name.startsWith("src/")));
  for (const name of [...COMMON, "src/entries"]) rooms.delete(name);
  assert.deepEqual([...rooms, "kernels"].sort(), Object.keys(MAY_IMPORT).sort());

  const pairs = new Set(
    edges.map(({ from, to }) => `${room(from)} -> ${isPackage(to) ? packageOf(to) : room(to)}`),
  );
  const rules = Object.entries(MAY_IMPORT).flatMap(([from, to]) => to.map((name) => `${from} -> ${name}`));
  const packages = Object.entries(PACKAGES).flatMap(([name, from]) =>
    from.map((user) => `${user} -> ${name}`)
  );
  assert.deepEqual([...rules, ...packages].filter((pair) => !pairs.has(pair)), [], "rights that nobody uses");

  const rights = Object.entries(MAY_IMPORT).flatMap(([from, to]) => to.map((name) => ({ from, to: name })));
  assert.deepEqual(circles(rights), []);
});

Deno.test("imports: the rule rejects what runs the other way", () => {
  const rejected: Edge[] = [
    { from: "kernels/adam/adam.ts", to: "src/gpu/gpu.ts" },
    { from: "kernels/adam/adam.ts", to: "node:path" },
    { from: "src/gpu/gpu.ts", to: "src/self_test/self_test.ts" },
    { from: "src/graph/program.ts", to: "src/unet/unet.ts" },
    { from: "src/self_test/self_test.ts", to: "src/host/driver.ts" },
    { from: "src/layers/layers.ts", to: "src/unet/unet.ts" },
    { from: "src/unet/network_plan.ts", to: "src/training/trainer.ts" },
    { from: "src/image/decode.ts", to: "src/coco/coco.ts" },
    { from: "src/archive/unzip.ts", to: "src/coco/coco.ts" },
    { from: "src/training/epochs.ts", to: "src/cli/progress.ts" },
    { from: "src/training/epochs.ts", to: "tasks/train.ts" },
    { from: "src/fs/paths.ts", to: "src/image/image.ts" },
    { from: "src/coco/coco.ts", to: "npm:/@imagemagick/magick-wasm@0.0.43/magick.wasm" },
    { from: "src/coco/coco.ts", to: "npm:/unknown@1.0.0" },
    { from: "tests/reference/conv2d.ts", to: "kernels/conv2d/conv2d.ts" },
    { from: "mod.ts", to: "src/cli/task.ts" },
    { from: "src/entries/train.ts", to: "src/cli/task.ts" },
    { from: "src/training/run.ts", to: "src/entries/train.ts" },
    { from: "tasks/train.ts", to: "tests/support/random.ts" },
  ];
  for (const edge of rejected) assert.ok(!mayImport(edge), `${edge.from} -> ${edge.to} is accepted`);
});

Deno.test("circles: finds circles of values, however long, and none of types", () => {
  const edge = (from: string, to: string, typesOnly = false) => ({ from, to, typesOnly });
  assert.deepEqual(circles([edge("a", "b"), edge("b", "c"), edge("a", "c")]), []);
  assert.deepEqual(circles([edge("a", "b"), edge("b", "a", true)]), []);
  assert.deepEqual(circles([edge("a", "a")]), [["a"]]);
  const two = [
    edge("a", "b"),
    edge("b", "c"),
    edge("c", "a"),
    edge("c", "d"),
    edge("d", "e"),
    edge("e", "d"),
  ];
  assert.deepEqual(circles(two), [["d", "e"], ["a", "b", "c"]]);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(join(ROOT, path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Which room may import which: read from the module graph as `deno info --json` gives it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectFiles, readProject, ROOT } from "./files.ts";

/** What every room of `src` may use, besides itself. */
const COMMON = [
  "src/tensor.ts",
  "src/fs/atomic_file.ts",
  "src/fs/atomic_folder.ts",
  "src/bytes.ts",
  "src/fs/paths.ts",
  "src/random.ts",
  "src/crc32.ts",
  "src/math.ts",
  "src/fs/layout.ts",
  "src/fs/lock.ts",
  "src/fs/write_failure.ts",
  "src/fs/write_whole.ts",
  "src/fs/temporary_name.ts",
  "src/fs/whole_file.ts",
];

/** Room to the rooms that it may import, besides itself and {@linkcode COMMON}. */
const MAY_IMPORT: Record<string, string[]> = {
  "kernels": [],
  "src/tensor.ts": [],
  "src/fs/atomic_file.ts": [],
  "src/fs/atomic_folder.ts": [],
  "src/bytes.ts": [],
  "src/fs/paths.ts": [],
  "src/random.ts": [],
  "src/crc32.ts": [],
  "src/math.ts": [],
  "src/fs/layout.ts": [],
  "src/fs/lock.ts": [],
  "src/fs/write_failure.ts": [],
  "src/fs/write_whole.ts": [],
  "src/fs/temporary_name.ts": [],
  "src/fs/whole_file.ts": [],
  "src/archive": [],
  "src/image": [],
  "src/weights": [],
  "src/tracking": ["src/image"],
  "src/cli": ["src/gpu", "src/unet", "kernels", "src/prediction", "src/training"],
  "src/gpu": ["kernels"],
  "src/unet": ["src/gpu", "kernels", "src/weights"],
  "src/dataset": ["src/image"],
  "src/evaluation": [
    "kernels",
    "src/dataset",
    "src/image",
    "src/unet",
    "src/gpu",
    "src/prediction",
    "src/weights",
  ],
  "src/prediction": ["src/unet", "src/gpu", "src/dataset", "src/image", "src/weights"],
  "src/benchmark": ["src/training", "src/unet", "src/gpu", "kernels", "src/dataset", "src/image"],
  "src/training": [
    "src/unet",
    "src/gpu",
    "kernels",
    "src/dataset",
    "src/image",
    "src/weights",
    "src/tracking",
    "src/evaluation",
    "src/prediction",
  ],
};

/** The rooms that reach outside the project, and what for. */
const PACKAGES: Record<string, string[]> = {
  "@imagemagick/magick-wasm": ["src/image"],
  "@zip.js/zip.js": ["src/archive", "tests"],
  "commander": ["src/cli", "tasks"],
};

interface Edge {
  from: string;
  to: string;
}

interface Graph {
  edges: Edge[];
  problems: string[];
}

interface InfoModule {
  specifier: string;
  error?: string;
  dependencies?: { code?: Resolved; type?: Resolved }[];
}

interface Resolved {
  specifier?: string;
  error?: string;
}

/** The room of a file: its first folder, or the first two below `src`; a file directly in `src` is its own. */
function room(path: string): string {
  const parts = path.split("/");
  return parts.slice(0, parts[0] === "src" ? 2 : 1).join("/");
}

/** Every import of every TypeScript file, static or dynamic, of code or of types, and the workers they start. */
async function readGraph(): Promise<Graph> {
  const files = projectFiles(".ts", ".js").filter((path) => !path.startsWith("tests/fixtures/"));
  const folder = await Deno.makeTempDir({ prefix: "imports-" });
  try {
    const root = join(folder, "all.ts");
    const urls = files.filter((path) => !path.endsWith(".d.ts")).map((path) =>
      pathToFileURL(join(ROOT, path)).href
    );
    await Deno.writeTextFile(root, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: ["info", "--json", "--config", join(ROOT, "deno.json"), root],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return toGraph(JSON.parse(new TextDecoder().decode(stdout)).modules as InfoModule[], files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function toGraph(modules: InfoModule[], files: string[]): Graph {
  const base = `${pathToFileURL(ROOT).href}/`;
  const local = (url: string) => url.startsWith(base) ? decodeURIComponent(url.slice(base.length)) : url;
  const edges: Edge[] = [];
  const problems: string[] = [];
  for (const module of modules) {
    const from = local(module.specifier);
    if (module.error !== undefined) problems.push(`${from}: ${module.error}`);
    if (from === module.specifier) continue;
    for (const dependency of module.dependencies ?? []) {
      for (const resolved of [dependency.code, dependency.type]) {
        if (resolved?.error !== undefined) problems.push(`${from}: ${resolved.error}`);
        if (resolved?.specifier !== undefined) edges.push({ from, to: local(resolved.specifier) });
      }
    }
  }
  for (const from of files) {
    for (const [, path] of readProject(from).matchAll(/new Worker\(\s*new URL\(\s*"(\.[^"]*)"/g)) {
      edges.push({ from, to: local(new URL(path!, `${base}${from}`).href) });
    }
  }
  return { edges, problems };
}

function mayImport({ from, to }: Edge): boolean {
  const [fromRoom, toRoom] = [room(from), room(to)];
  if (to.startsWith("node:")) return fromRoom !== "kernels";
  if (to.startsWith("npm:")) {
    const name = Object.keys(PACKAGES).find((name) => new RegExp(`^npm:/?${name}[@/]`).test(to));
    return name === undefined ? fromRoom !== "kernels" : PACKAGES[name]!.includes(fromRoom);
  }
  // The references share nothing with what they check; their own tests may use what other tests use.
  if (from.startsWith("tests/reference/") && !from.endsWith("_test.ts")) return false;
  if (fromRoom === toRoom || fromRoom === "tests") return true;
  if (fromRoom === "tasks") return ["mod.ts", "deno.json"].includes(to) || toRoom.startsWith("src/");
  if (fromRoom === "mod.ts") {
    return toRoom === "kernels" || (toRoom.startsWith("src/") && toRoom !== "src/cli");
  }
  if (fromRoom.startsWith("src/") && COMMON.includes(to)) return true;
  return MAY_IMPORT[fromRoom]?.includes(toRoom) ?? false;
}

Deno.test("imports: every one leads to a file or a named package, and runs in the allowed direction", async () => {
  const { edges, problems } = await readGraph();
  assert.deepEqual(problems, []);
  assert.ok(
    edges.some(({ from, to }) => from === "mod.ts" && to === "src/tensor.ts"),
    "the graph was not read",
  );
  const missing = edges.filter(({ to }) => !/^[a-z]+:/.test(to) && !exists(to));
  assert.deepEqual(missing, [], "imports of files that do not exist");
  const wrong = edges.filter((edge) => !mayImport(edge)).map(({ from, to }) => `${from} -> ${to}`);
  assert.deepEqual([...new Set(wrong)], [], "imports against the direction of the rooms");
});

Deno.test("imports: each room of src has its rule, and the rules have no circle", () => {
  const rooms = new Set(projectFiles(".ts").map(room).filter((name) => name.startsWith("src/")));
  assert.deepEqual([...rooms].filter((name) => !(name in MAY_IMPORT)), []);
  const reach = (name: string, seen: string[]): void => {
    assert.ok(!seen.includes(name), `a circle of rooms: ${[...seen, name].join(" -> ")}`);
    for (const next of MAY_IMPORT[name] ?? []) reach(next, [...seen, name]);
  };
  for (const name of Object.keys(MAY_IMPORT)) reach(name, []);
});

Deno.test("imports: the rule refuses what runs the other way", () => {
  const refused: Edge[] = [
    { from: "kernels/adam/adam.ts", to: "src/gpu/device.ts" },
    { from: "kernels/adam/adam.ts", to: "node:path" },
    { from: "src/gpu/device.ts", to: "src/unet/unet.ts" },
    { from: "src/unet/network_plan.ts", to: "src/training/trainer.ts" },
    { from: "src/image/decode.ts", to: "src/coco/coco.ts" },
    { from: "src/archive/unzip.ts", to: "src/coco/coco.ts" },
    { from: "src/training/loop.ts", to: "src/cli/progress.ts" },
    { from: "src/training/loop.ts", to: "tasks/train.ts" },
    { from: "src/coco/coco.ts", to: "npm:/@imagemagick/magick-wasm@0.0.43/magick.wasm" },
    { from: "tests/reference/conv2d.ts", to: "kernels/conv2d/conv2d.ts" },
    { from: "mod.ts", to: "src/cli/task.ts" },
    { from: "tasks/train.ts", to: "tests/support/random.ts" },
  ];
  for (const edge of refused) assert.ok(!mayImport(edge), `${edge.from} -> ${edge.to} is let through`);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(join(ROOT, path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

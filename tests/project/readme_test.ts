/** What README and docs/ must say: they are checked against deno.json and the files that they name. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { projectFiles, readConfiguration, readProject, ROOT } from "./files.ts";

/** Words that README may have, counted as `wc -w` does. */
const README_WORDS = 800;

/** Words that a reader finishes in five minutes. */
const PAGE_WORDS = 1150;

/** Bytes that an image of the documentation may have. */
const IMAGE_BYTES = 200_000;

const PAGES = projectFiles(".md").filter((path) => !path.startsWith("tests/"));

const wordCount = (text: string) => text.split(/\s+/).filter((word) => word !== "").length;

type Allowed = boolean | string[] | { allow?: boolean | string[]; deny?: string[] };

/** Words for the permissions of a set. */
const VERBS: Record<string, string> = {
  read: "reads",
  write: "writes",
  net: "connects to",
  run: "starts",
  sys: "queries",
  env: "reads the variables",
};

/** A permission set in words: `reads dataset; writes runs`. */
function inWords(set: Record<string, Allowed>): string {
  const parts = Object.entries(set).map(([name, allowed]) => {
    assert.ok(name in VERBS, `no word for the permission "${name}"`);
    return `${VERBS[name]} ${places(allowed)}`;
  });
  return parts.length === 0 ? "nothing" : parts.join("; ");
}

function places(allowed: Allowed): string {
  if (typeof allowed === "boolean") return allowed ? "anything" : "nothing";
  if (Array.isArray(allowed)) return allowed.map((place) => place === "." ? "the project" : place).join(", ");
  const denied = allowed.deny === undefined ? "" : ` except ${allowed.deny.join(", ")}`;
  return `${places(allowed.allow ?? false)}${denied}`;
}

Deno.test("README.md: has at most 800 words, and each page of docs/ takes five minutes to read", () => {
  assert.ok(wordCount(readProject("README.md")) <= README_WORDS);
  const long = PAGES.filter((path) => path.startsWith("docs/") && wordCount(readProject(path)) > PAGE_WORDS);
  assert.deepEqual(long, []);
});

Deno.test("README.md: names the two commands, a figure first, and every page of docs/", () => {
  const text = readProject("README.md");
  const commands = [...text.matchAll(/^sh tasks\/run\.sh (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(commands, ["demo", "test"]);
  assert.ok(text.indexOf("![") > 0 && text.indexOf("![") < text.indexOf("\n## "), "no figure first");
  const pages = PAGES.filter((path) => /^docs\/\w+\.md$/.test(path));
  assert.ok(pages.length >= 10);
  const linkedElsewhere = pages.filter((path) => {
    const name = path.slice("docs/".length);
    return pages.some((other) => other !== path && readProject(other).includes(`](${name}`));
  });
  const missing = pages.filter((path) => !text.includes(`](${path})`) && !linkedElsewhere.includes(path));
  assert.deepEqual(missing, [], "pages that nobody links to");
});

Deno.test("documentation: every task that it names exists, and command_line.md lists them all", () => {
  const { tasks, checks } = readConfiguration();
  for (const path of PAGES.filter((path) => path !== "CHANGELOG.md")) {
    for (const [, name] of readProject(path).matchAll(/(?:deno task|run\.sh) ([a-z]+)/g)) {
      assert.ok(name! in tasks || name! in checks, `${path}: no task "${name}"`);
    }
  }
  const rows = [...readProject("docs/command_line.md").matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  assert.deepEqual(rows, Object.keys(tasks));
});

/** Flags of Deno, of commander, and of launchers that the documentation names. */
const OTHER_FLAGS = [
  ...[
    "--allow-net",
    "--allow-read",
    "--allow-run",
    "--allow-write",
    "--cached-only",
    "--frozen",
    "--help",
  ],
  ...[
    "--gpus-per-node",
    "--kill-on-bad-exit",
    "--mca",
    "--nodes",
    "--ntasks-per-node",
    "--requeue",
    "--signal",
  ],
  "--bind-to",
  "--time",
  "--unstable-bundle",
];

Deno.test("documentation: every flag that it names is one of a task's, or of Deno", () => {
  const sources = projectFiles(".ts", ".py", ".sh").filter((path) =>
    /^(tasks|src\/cli|tests\/bench)\//.test(path)
  )
    .map(readProject).join("\n");
  for (const path of PAGES.filter((path) => path !== "CHANGELOG.md")) {
    for (const [flag] of readProject(path).matchAll(/(?<![\w-])--[a-z][a-z-]+/g)) {
      const name = flag.slice(2);
      const known = sources.includes(`"${flag}`) || sources.includes(`"${name}"`) ||
        OTHER_FLAGS.includes(flag);
      assert.ok(known, `${path}: no task has the flag ${flag}`);
    }
  }
});

Deno.test("ARCHITECTURE.md: names every room of src and every folder of the project", () => {
  const text = readProject("ARCHITECTURE.md");
  const rooms = projectFiles(".ts").map((path) => {
    const [top, room, file] = path.split("/");
    return top === "src" && file !== undefined ? `src/${room}/` : room === undefined ? top! : `${top}/`;
  });
  const missing = new Set(rooms.filter((room) => room !== "src/" && !text.includes(`\`${room}`)));
  assert.deepEqual([...missing], []);
});

Deno.test("permissions.md: lists every task with the permissions of deno.json, in its order", () => {
  const { tasks, permissions } = readConfiguration();
  const rows = readProject("docs/permissions.md").split("\n").filter((line) =>
    /^\| (`[a-z]+`|the tests)/.test(line)
  )
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const setOf = (task: string) => task === "test" ? "run-tests" : task;
  const expected = Object.keys(tasks).map((task) => [
    `\`${task}\``,
    inWords(permissions[setOf(task)] as Record<string, Allowed>),
  ]);
  expected.push(["the tests themselves", inWords(permissions["test"] as Record<string, Allowed>)]);
  const table = expected.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  assert.deepEqual(rows, expected, `the table should be\n${table}`);
});

Deno.test("documentation: links lead to files and headings that exist, and images are small", () => {
  const files = new Set(projectFiles());
  const folders = new Set([...files].map((path) => dirname(path)));
  const broken: string[] = [];
  for (const path of PAGES) {
    const text = readProject(path).replace(/```.*?```/gs, "");
    for (const [, image, target] of text.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, heading] = target!.split("#") as [string, string | undefined];
      const to = file === "" ? path : normalize(join(dirname(path), file)).replace(/\/$/, "");
      if (!files.has(to) && !folders.has(to)) broken.push(`${path}: ${target}`);
      else if (heading !== undefined && !headingsOf(to).includes(heading)) broken.push(`${path}: ${target}`);
      if (image === "!" && files.has(to)) assert.ok(Deno.statSync(join(ROOT, to)).size < IMAGE_BYTES, to);
    }
  }
  assert.deepEqual(broken, []);
});

/** The anchors of a page's headings. */
function headingsOf(path: string): string[] {
  return [...readProject(path).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[^\w\s-]/g, "").replace(/\s/g, "-")
  );
}

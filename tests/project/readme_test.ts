/** README says what deno.json says: every task, with the permissions that it runs under. */
import assert from "node:assert/strict";
import { readConfiguration, readProject } from "./files.ts";

type Allowed = boolean | string[] | { allow?: boolean | string[]; deny?: string[] };

const VERBS = {
  read: "reads",
  write: "writes",
  net: "reaches",
  run: "starts",
  sys: "asks for",
  env: "knows",
};

/** A permission set in words: `reads dataset; writes runs`. */
function inWords(set: Record<string, Allowed>): string {
  const parts = Object.entries(set).map(([name, allowed]) => {
    const verb = VERBS[name as keyof typeof VERBS];
    assert.ok(verb !== undefined, `no word for the permission "${name}"`);
    return `${verb} ${places(allowed)}`;
  });
  return parts.length === 0 ? "nothing" : parts.join("; ");
}

function places(allowed: Allowed): string {
  if (typeof allowed === "boolean") return allowed ? "anything" : "nothing";
  if (Array.isArray(allowed)) return allowed.map((place) => place === "." ? "the project" : place).join(", ");
  const denied = allowed.deny === undefined ? "" : ` but ${allowed.deny.join(", ")}`;
  return `${places(allowed.allow ?? false)}${denied}`;
}

Deno.test("README: lists every task with its permissions", () => {
  const { tasks, permissions } = readConfiguration();
  const rows = readProject("README.md").split("\n").filter((line) => /^\| `[a-z]+`/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const listed = Object.fromEntries(rows.map(([name, , allowed]) => [name, allowed]));
  const expected = Object.fromEntries(
    Object.keys(tasks).map((name) => [`\`${name}\``, inWords(permissions[name] as Record<string, Allowed>)]),
  );
  assert.deepEqual(listed, expected);
  assert.deepEqual(Object.keys(listed), Object.keys(expected), "the order is that of deno.json");
});

Deno.test("README: names the two commands, which exist", () => {
  const { tasks } = readConfiguration();
  const named = [...readProject("README.md").matchAll(/^sh tasks\/run\.sh (\w+)/gm)].map(([, name]) => name!);
  assert.ok(named.includes("test"));
  assert.deepEqual(named.filter((name) => !(name in tasks)), []);
});

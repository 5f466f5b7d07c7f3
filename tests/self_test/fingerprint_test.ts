import assert from "node:assert/strict";
import { KERNEL_SOURCES } from "../../kernels/sources.ts";
import { kernelFingerprint } from "../../src/self_test/fingerprint.ts";
import { projectFiles, readProject } from "../project/files.ts";

Deno.test("KERNEL_SOURCES: lists every kernel and host file with its text", () => {
  const files = projectFiles(".ts", ".wgsl").filter((path) => path.startsWith("kernels/"));
  const listed = [...KERNEL_SOURCES.keys()].map((path) => `kernels/${path}`);
  assert.deepEqual(listed.toSorted(), files.filter((path) => path !== "kernels/sources.ts").toSorted());
  for (const [path, text] of KERNEL_SOURCES) assert.equal(text, readProject(`kernels/${path}`), path);
});

Deno.test("kernelFingerprint: covers every file of the self-tests", () => {
  const text = readProject("src/self_test/fingerprint.ts");
  const checks = projectFiles(".ts").filter((path) => path.startsWith("src/self_test/checks/"));
  assert.ok(checks.length > 0);
  for (const path of [...checks, "src/self_test/admission.ts", "src/self_test/self_test.ts"]) {
    const name = path.slice("src/self_test/".length);
    const variable = new RegExp(`^import (\\w+) from "\\./${name}" with`, "m").exec(text)?.[1];
    assert.match(text, new RegExp(`^const TESTS = \\[[^\\]]*\\b${variable}\\b`, "m"), path);
  }
});

Deno.test("kernelFingerprint: changes with any kernel's text and any constant of a host file", async () => {
  const fingerprint = await kernelFingerprint();
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(await kernelFingerprint(), fingerprint);
  const seen = new Set([fingerprint]);
  const change = async (path: string, edit: (text: string) => string) => {
    const text = KERNEL_SOURCES.get(path)!;
    assert.notEqual(edit(text), text, path);
    seen.add(await kernelFingerprint(new Map([...KERNEL_SOURCES, [path, edit(text)]])));
  };
  for (const path of KERNEL_SOURCES.keys()) await change(path, (text) => `${text}\n`);
  await change("gemm/tiled.wgsl", (text) => text.replace("const ", "const  "));
  await change("gemm/gemm.ts", (text) => text.replace(/const WORKGROUP = \d+/, "const WORKGROUP = 1"));
  seen.add(await kernelFingerprint(new Map([...KERNEL_SOURCES].slice(1))));
  assert.equal(seen.size, KERNEL_SOURCES.size + 4);
});

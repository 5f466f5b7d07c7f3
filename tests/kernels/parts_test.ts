/** Parts of kernels: how a text becomes whole with them. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { adamStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { packParams } from "../../kernels/params.ts";
import { withParts } from "../../kernels/parts/parts.ts";
import { kernelFiles, partFiles, readProject } from "../project/files.ts";

Deno.test("parts: those that a text names stand behind it, in order; without any it stays as it is", () => {
  const [step, tile] = ["step", "tile"].map((name) => readProject(`kernels/parts/${name}.wgsl`));
  const code = "// Doubles x.\n// Parts: step.wgsl, tile.wgsl.\n// Host: a.ts.\nfn main() {}\n";
  assert.equal(withParts("a/b", code), `${code}\n${step}\n${tile}`);
  assert.equal(withParts("a/b", "fn main() {}\n"), "fn main() {}\n");
});

Deno.test("parts: one that does not exist is refused", () => {
  assert.throws(() => withParts("a/b", "// Parts: step.wgsl, gelu.wgsl.\n"), {
    name: "SyntaxError",
    message: 'Cannot define kernel "a/b": it has no part "gelu.wgsl"',
  });
});

Deno.test("parts: each is in several kernels, whose whole text is what is compiled and kept choices hang on", () => {
  const kernels = kernelFiles().map((path) => withParts(path, readProject(path)));
  for (const path of partFiles()) {
    const part = readProject(path);
    assert.equal(
      withParts("a/b", `// Parts: ${basename(path)}.\n`),
      `// Parts: ${basename(path)}.\n\n${part}`,
    );
    assert.ok(kernels.filter((code) => code.includes(part)).length > 1, path);
  }
  assert.ok(adamStep(4).kernel.code.endsWith(readProject("kernels/parts/step.wgsl")));
});

Deno.test("parts: a step has as many fields as its uniform has room for", () => {
  const fields = readProject("kernels/parts/step.wgsl").match(/^ {2}\w+: [uf]32,/gm)!;
  assert.equal(packParams(fields.map(() => 0)).length, STEP_BYTE_LENGTH);
});

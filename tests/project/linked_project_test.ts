/** Runs a project that links this one, with the deno.json that docs/library.md shows. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runDeno } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { readProject, ROOT } from "./files.ts";

const PROGRAM = `import { encodeRle } from "@unet/deno-unet/coco";
const mask: import("@unet/deno-unet").Mask = { width: 2, height: 2, data: new Uint8Array([1, 0, 0, 1]) };
console.log(encodeRle(mask).counts);
`;

Deno.test("docs/library.md: its deno.json links this project by name, without a network", () =>
  inTempFolder(async (folder) => {
    const [, configuration] = /```jsonc\n\/\/[^\n]*\n(.*?)```/s.exec(readProject("docs/library.md")) ??
      assert.fail("no deno.json");
    const linked = configuration!.replace("../deno-unet", ROOT);
    assert.notEqual(linked, configuration);
    await Deno.writeTextFile(join(folder, "deno.json"), linked);
    await Deno.writeTextFile(join(folder, "main.ts"), PROGRAM);
    const args = ["run", "-q", "--no-prompt", "--cached-only", "main.ts"];
    // Nothing listens there, so what is not in the cache cannot be fetched.
    const { code, stdout, stderr } = await runDeno(args, {
      cwd: folder,
      env: { HTTPS_PROXY: "http://127.0.0.1:9" },
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "0120\n");
  }));

/** Under a limit on file sizes the software adapter is refused in words: its driver would end the process by SIGBUS. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../project/files.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("openGpu: under ulimit -f the software adapter is refused with the way out", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "1.png": spots(1), "model.safetensors": spotModel() });
    const task = 'ulimit -f 4000; exec deno run -q -P=predict tasks/predict.ts "$0" --model "$1" --software';
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", task, join(folder, "1.png"), join(folder, "model.safetensors")],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert.equal(code, 1, text);
    assert.match(
      text,
      /^error: Cannot open the software adapter: .*\nhint: raise the limit \(ulimit -f unlimited\)$/m,
    );
  }));

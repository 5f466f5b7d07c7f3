import assert from "node:assert/strict";
import { join } from "node:path";
import { cardPaths, readCard } from "../../src/card/card_files.ts";
import { verifyModel } from "../../src/card/verify_card.ts";
import { findModels } from "../../src/prediction/find_models.ts";
import { describeShipped, findShippedModel } from "../../src/prediction/shipped_model.ts";
import { smallModelBytes } from "../support/small_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("findModels: without a run, the model that comes with the program; --model and a run go before it", () =>
  inTempFolder(async (folder) => {
    const [shipped, runs] = [join(folder, "shipped.safetensors"), join(folder, "runs")];
    await Deno.writeFile(shipped, smallModelBytes());
    assert.deepEqual((await findModels({ runs, shipped })).paths, [shipped]);
    assert.deepEqual((await findModels({ model: ["other.pth"], runs, shipped })).paths, ["other.pth"]);
    await Deno.mkdir(join(runs, "a"), { recursive: true });
    const best = join(runs, "a", "best.safetensors");
    await Deno.writeFile(best, smallModelBytes());
    assert.deepEqual((await findModels({ runs, shipped })).paths, [best]);
    assert.equal(await findShippedModel(join(folder, "none")), null);
  }));

Deno.test("describeShipped: says what it is, that it is no medical device, and where it fails", () =>
  inTempFolder(async (folder) => {
    const shipped = join(folder, "shipped.safetensors");
    const bare = await describeShipped(shipped);
    assert.match(bare, /comes with the program.*\n.*not a medical device/);
    const group = (name: string, mean: number | null) => ({ name, metrics: { dice: { mean } } });
    const groups = [group("with foreground", 0.8), group("small foreground", 0.456), group("none", null)];
    const card = {
      limitations: ["not a medical device: ...", "CT\n\u001b[1m"],
      evaluations: { test: { groups } },
    };
    await Deno.writeTextFile(join(folder, "shipped.card.json"), JSON.stringify(card));
    const lines = (await describeShipped(shipped)).split("\n");
    assert.ok(
      lines.includes("note: worst on test images with small foreground: mean Dice 0.46"),
      lines.join("\n"),
    );
    assert.equal(lines.filter((line) => line.includes("not a medical device")).length, 1);
    assert.ok(lines.every((line) => !line.includes("\u001b")));
    await Deno.writeTextFile(join(folder, "shipped.card.json"), "damaged");
    assert.equal(await describeShipped(shipped), bare);
  }));

Deno.test("the model that comes with the program is the one of its card, and small", async () => {
  const shipped = await findShippedModel();
  assert.ok(shipped, "models/ has no model");
  assert.ok((await Deno.stat(shipped)).size <= 5e6);
  const card = await readCard(cardPaths(shipped).json);
  assert.ok(card, "the model has no card");
  assert.deepEqual((await verifyModel(card, shipped)).differences, []);
  const [licence] = card.licences.data;
  assert.equal(licence?.name, "CC BY 4.0");
  assert.match(licence?.attribution ?? "", /RaviRawal13\/BT_Detectron2_MaskRCNN/);
  assert.match(await describeShipped(shipped), /worst on test images with small foreground/);
});

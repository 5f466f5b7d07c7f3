/** What a run takes from the model that it starts from, and what may not contradict it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { packModel, writeTorchCheckpoint } from "../../mod.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { matchInit, readInit } from "../../src/training/init_model.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { SPOT_NETWORK, spotClasses, spotModel, spotState } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("readInit: network, classes and normalization are the model's; recipe, loss, size and dropout by default", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const bytes = spotModel({
      network: { ...SPOT_NETWORK, dropout: 0.25 },
      normalize: "picture",
      range: [0, 4095],
      recipe: "strong",
      training: { recipe: "strong", loss: "tversky", epochs: 7 },
    });
    await Deno.writeFile(path, bytes);
    const { config, classes, state, notes } = await readInit(path, { epochs: 3 });
    assert.deepEqual(notes, []);
    assert.equal(classes, null);
    assert.deepEqual(state, spotState());
    assert.deepEqual(config.init, {
      model: "a.safetensors",
      sha256: hashBytes(bytes),
      range: [0, 4095],
    });
    const { filters, norm, head, normalize, recipe, loss, size, dropout, learningRate, epochs, optimizer } =
      completeTrainConfig(config);
    assert.deepEqual(
      { filters, norm, head, normalize, recipe, loss, size, dropout, learningRate, epochs, optimizer },
      {
        filters: 1,
        norm: "none",
        head: "sigmoid",
        normalize: "picture",
        recipe: "strong",
        loss: "tversky",
        size: 32,
        dropout: 0.25,
        learningRate: 3e-4,
        epochs: 3,
        optimizer: "adamw",
      },
    );
    const given = await readInit(path, {
      recipe: "original",
      loss: "focal",
      size: 64,
      dropout: 0,
      learningRate: 1,
    });
    const other = completeTrainConfig(given.config);
    assert.deepEqual([other.recipe, other.loss, other.size, other.dropout, other.learningRate], [
      ...["original", "focal"],
      ...[64, 0, 1],
    ]);
    assert.equal(other.norm, "none");
    assert.deepEqual(given.notes, ["the model was trained at size 32, this run is at 64"]);
  }));

Deno.test("readInit: of a PyTorch file, what it does not say may be given, and is said if it is assumed", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.pth");
    await Deno.writeFile(path, writeTorchCheckpoint(spotState()));
    const { config, notes } = await readInit(path, {});
    assert.deepEqual([config.filters, config.normalize, config.size, config.recipe], [
      1,
      "imagenet",
      256,
      "original",
    ]);
    assert.match(notes[0]!, /does not say how its images were treated: imagenet normalization and size 256/);
    const given = await readInit(path, { normalize: "picture", size: 256 });
    assert.deepEqual([given.config.normalize, given.notes], ["picture", []]);
    await assert.rejects(readInit(path, { filters: 2 }), /with filters 2: the model has 1\nhint: /);
    await assert.rejects(readInit(join(folder, "none.pth"), {}), /no such file\nhint: /);
  }));

Deno.test("readInit, matchInit: classes are those of the model, by name", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const { state, description } = spotClasses();
    const classes = [
      { name: "gray", color: "#111111" },
      { name: "white", color: "#222222", categories: ["snow", "milk"] },
    ];
    await Deno.writeFile(
      path,
      packModel({ state, description: { ...description, classes, ignored: ["dust"] } }),
    );
    const init = await readInit(path, {}, { classes: ["White", "gray"] });
    const match = (...listed: string[]) => matchInit(init.classes!, { listed, outlined: listed }, path);
    assert.deepEqual(match("gray", "white", "other"), { classes: ["gray", "white"] });
    assert.deepEqual(match("Gray", "milk", "snow", "Dust"), {
      classes: ["gray", "white"],
      merge: ["gray=Gray", "white=snow+milk", "ignore=Dust"],
    });
    assert.throws(() => match("gray", "snow"), /no category of the dataset is its class "white".*\nhint: /);
    for (
      const wanted of [{ classes: ["gray"] }, { classes: ["gray", "black"] }, { binary: true }, {
        merge: ["a=b"],
      }]
    ) {
      await assert.rejects(
        readInit(path, {}, wanted),
        /the model tells "gray", "white" apart\nhint: leave --classes/,
      );
    }
    await Deno.writeFile(path, packModel({ state, description: { ...description, classes: undefined } }));
    await assert.rejects(
      readInit(path, {}),
      /tells 2 classes apart and names none\nhint: name them with --classes/,
    );
    await assert.rejects(readInit(path, {}, { classes: ["a"] }), /with 1 classes: the model has 2\n/);
    assert.equal((await readInit(path, {}, { classes: ["a", "b"] })).classes, null);
  }));

/** The static site: what its files say, and how the folder is written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/unet/model_format.ts";
import { command } from "../../tasks/page.ts";
import { makeSite, type SiteReport } from "../../src/page/site/make_site.ts";
import { writeSite } from "../../src/page/site/write_site.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { runInProcess } from "../support/run_task.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const TITLE = `</script><b>"Lungs" & 'more'`;

/** Makes a site of a model and reads it back. */
async function withSite(
  body: (
    site: { folder: string; report: SiteReport; files: Map<string, Uint8Array>; text(name: RegExp): string },
  ) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const model = join(folder, "runs", "brain", "best.safetensors");
    await Deno.mkdir(join(folder, "runs", "brain"), { recursive: true });
    const training = { data: folder, init: "/home/someone/secret.pth" };
    await Deno.writeFile(
      model,
      spotModel({ training, data: { source: folder }, metrics: { "valid/dice": 0.5 } }),
    );
    const report = await makeSite(join(folder, "site/"), { model, title: TITLE });
    const files = await readFiles(report.output);
    const text = (name: RegExp) => {
      const found = [...files].find(([each]) => name.test(each));
      assert.ok(found, `no file ${name}`);
      return new TextDecoder().decode(found[1]);
    };
    await body({ folder, report, files, text });
  });
}

async function readFiles(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(folder)) files.set(name, await Deno.readFile(join(folder, name)));
  return files;
}

async function readModelFile(folder: string): Promise<Uint8Array> {
  return [...await readFiles(folder)].find(([name]) => name.startsWith("model."))![1];
}

async function hashOf(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
}

Deno.test("makeSite: names nothing external and nothing of the machine, and loads only its own files, by relative addresses", () =>
  withSite(async ({ folder, files, report, text }) => {
    assert.deepEqual([...files.keys()].sort(), report.files);
    assert.ok(!await Deno.stat(join(folder, ".site")).catch(() => null), "the hidden folder stays");
    // A namespace, what hints name, and how files of Git LFS begin: nothing is loaded from there.
    const harmless = /https?:\/\/(www\.w3\.org\/2000\/svg|localhost|git-lfs"| |`|")/;
    for (const [name, bytes] of files) {
      const content = new TextDecoder("latin1").decode(bytes);
      assert.ok(
        !content.includes(folder) && !content.includes("/home/"),
        `${name} names a path of the machine`,
      );
      if (!/\.(js|css|html|json|webmanifest|svg)$/.test(name)) continue;
      const addresses = (content.match(/https?:\/\/.{0,40}/g) ?? []).filter((each) => !harmless.test(each));
      assert.deepEqual(addresses, [], name);
      assert.deepEqual(content.match(/@import|url\((?!["']?(data:|#|blob:))/g), null, name);
    }
    const html = text(/^index\.html$/);
    const loaded = [...html.matchAll(/(?:href|src)="([^"#][^"]*)"/g)].map(([, path]) => path!);
    assert.ok(loaded.length >= 6);
    assert.deepEqual(
      loaded.filter((path) => !files.has(path)),
      [],
      "files that are missing, or not relative",
    );
    const { icons, start_url, scope } = JSON.parse(text(/webmanifest$/));
    assert.deepEqual([start_url, scope], ["./", "./"]);
    for (const { src, sizes } of icons) {
      if (sizes === "any") continue;
      const { width, height } = await decodeImage(files.get(src)!);
      assert.equal(`${width}x${height}`, sizes);
    }
    assert.deepEqual(icons.map(({ sizes }: { sizes: string }) => sizes), ["any", "192x192", "512x512"]);
  }));

Deno.test("makeSite: a policy that allows own files only, a title that stays text, hashes of what is loaded", () =>
  withSite(async ({ files, text }) => {
    const html = text(/^index\.html$/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!;
    assert.match(policy, /^default-src 'none'; script-src 'self';.* connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(html, /\son\w+=|\sstyle=|<script(?![^>]*(src=|application\/json))/);
    assert.ok(
      !html.includes("<b>") &&
        html.includes("&lt;/script&gt;&lt;b&gt;&quot;Lungs&quot; &amp; &#39;more&#39;"),
    );
    const settings = JSON.parse(/id="settings">(.*?)<\/script>/.exec(html)![1]!);
    assert.deepEqual([settings.title, settings.model.name, settings.model.dice], [TITLE, "brain", 0.5]);

    const version = JSON.parse(/^self\.SITE=(.*);$/m.exec(text(/^service_worker/))![1]!);
    const kept = version.files.map(({ name }: { name: string }) => name).sort();
    assert.deepEqual(
      kept,
      [...files.keys()].filter((name) => !/^(service_worker\.js|site\.json)$/.test(name)).sort(),
    );
    for (const { name, integrity, named } of version.files) {
      const hash = await hashOf(files.get(name)!);
      assert.equal(integrity, `sha256-${hash.toBase64()}`);
      assert.equal(named, name.includes(`.${hash.toHex().slice(0, 12)}.`), name);
    }
    for (const [, name, integrity] of html.matchAll(/(?:href|src)="([^"]+)" integrity="([^"]+)"/g)) {
      assert.equal(version.files.find((each: { name: string }) => each.name === name)!.integrity, integrity);
    }
    const model = [...files].find(([name]) => name.startsWith("model."))![1];
    const { description } = await readModel(model);
    assert.equal(settings.model.sha256, (await hashOf(model)).toHex());
    assert.deepEqual([description.training, description.data, description.epoch], [undefined, undefined, 7]);
  }));

Deno.test("makeSite: the same model gives the same bytes, another one another version with other names", () =>
  withSite(async ({ folder, report, files }) => {
    const model = join(folder, "runs", "brain", "best.safetensors");
    const again = await makeSite(join(folder, "copy"), { model, title: TITLE });
    assert.deepEqual(await readFiles(again.output), files);
    await Deno.writeFile(model, spotModel({ epoch: 8 }));
    const next = await makeSite(report.output, { model, title: TITLE });
    assert.notEqual(next.version, report.version);
    const now = await readFiles(report.output);
    assert.deepEqual([...now.keys()].sort(), next.files);
    const changed = report.files.filter((name) => !now.has(name));
    assert.deepEqual(changed.map((name) => name.split(".")[0]), ["model"]);
  }));

Deno.test("writeSite: replaces its own pages only, as a whole or not at all", () =>
  inTempFolder(async (folder) => {
    const site = join(folder, "site");
    const files = (names: string[]) => {
      const list = JSON.stringify({ format: "deno-unet page 1", files: [...names, "site.json"] });
      return new Map([...names, "site.json"].map((name) => [name, new TextEncoder().encode(list)]));
    };
    const names = async () => [...(await readFiles(site)).keys()].sort();
    await Deno.mkdir(site);
    await writeSite(site, files(["a"]));
    await writeSite(site, files(["b"]));
    assert.deepEqual(await names(), ["b", "site.json"]);
    // A name that cannot be written fails after others were.
    await assert.rejects(writeSite(site, files(["c", "d/e"])));
    assert.deepEqual(await names(), ["b", "site.json"]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["site"]);

    const refused =
      /Cannot write the page to .*\nhint: move that away, or choose another folder with --output/;
    await Deno.writeTextFile(join(site, "CNAME"), "x");
    await assert.rejects(writeSite(site, files(["c"])), /"CNAME" in it is not part/);
    await Deno.remove(join(site, "CNAME"));
    await Deno.mkdir(join(site, ".git"));
    await assert.rejects(writeSite(site, files(["c"])), refused);
    await Deno.mkdir(join(folder, "mine"));
    for (const [name, text] of [["notes.txt", ""], ["site.json", "{}"], ["site.json", "["]] as const) {
      await Deno.writeTextFile(join(folder, "mine", name), text);
      await assert.rejects(writeSite(join(folder, "mine"), files(["c"])), refused);
    }
    await assert.rejects(writeSite(join(folder, "mine", "notes.txt"), files(["c"])), /it is a file/);
    assert.ok(await Deno.stat(join(site, "b")));
  }));

Deno.test("page: says how to try it; wrong titles and missing models are errors with hints", () =>
  inTempFolder(async (folder) => {
    const model = join(folder, "lungs.safetensors");
    await Deno.writeFile(model, spotModel());
    const output = join(folder, "site");
    const made = await runInProcess(command(), ["--model", model, "--output", output]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(
      made.stdout,
      /Segmentation: lungs, 12 files, [\d.]+ [MK]iB\nto try it: python3 -m http\.server/,
    );
    for (
      const args of [["--title", ""], ["--title", "a\nb"], ["--title", "a".repeat(81)], [
        "--model",
        model,
        "--run",
        "a",
      ]]
    ) {
      assert.equal((await runInProcess(command(), args)).code, 2, args.join(" "));
    }
    const size = async () => (await readModelFile(output)).length;
    const whole = await size();
    assert.equal(
      (await runInProcess(command(), ["--model", model, "--output", output, "--precision", "f16"])).code,
      0,
    );
    assert.ok(await size() < 0.55 * whole);
    assert.deepEqual((await readModel(await readModelFile(output))).description.size, 32);
    const missing = await runInProcess(command(), ["--model", join(folder, "no.pth"), "--output", output]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /no such file\nhint: --run takes the folder of a run, --model a file/);
  }));

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { strToU8, Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { unzip, type UnzipOptions } from "../../src/archive/unzip.ts";
import { endsLikeZip } from "../../src/archive/zip_signature.ts";
import {
  canonicalTree,
  editRecords,
  makeZip,
  makeZipOfMode,
  readTree,
  replaceText,
  type Tree,
} from "../support/archives.ts";

const TREE: Tree = {
  "README.txt": "images and their outlines\n",
  "train/_annotations.coco.json": `{"images": [${"0, ".repeat(500)}1]}`,
  "train/a.jpg": noise(70_000, 1),
  "train/sub folder/ü.jpg": noise(300, 2),
  "valid/empty.bin": "",
  "test/": null,
};

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16);
}

/** Calls `body` with a folder that contains only the zip, and removes it. */
async function inFolder(
  zip: Uint8Array,
  body: (path: string, output: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "data.zip");
    await Deno.writeFile(path, zip);
    await body(path, join(folder, "out"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks that unpacking `zip` gives such an error and leaves nothing inside or outside the output. */
async function assertRefused(
  zip: Uint8Array,
  kind: ErrorConstructor,
  message: RegExp,
  options: UnzipOptions = {},
): Promise<void> {
  await inFolder(zip, async (path, output, folder) => {
    await assert.rejects(unzip(path, output, options), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(error.constructor, kind, error.message);
      assert.match(error.message, message);
      return true;
    });
    const left = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assert.ok(left.every((name) => ["data.zip", "out"].includes(name)), left.join());
    if (left.includes("out")) assert.deepEqual(await readTree(output), { ".unzip/lock": new Uint8Array(0) });
  });
}

async function assertTree(output: string, expected: Tree, except: string[] = []): Promise<void> {
  const found = await readTree(output, [".unzip", ...except]);
  assert.deepEqual(canonicalTree(found), canonicalTree(expected));
}

Deno.test("unzip: unpacks every file and folder; a second run reports them as present", async (t) => {
  const archives: Record<string, Uint8Array> = {
    deflated: makeZip(TREE, 6),
    stored: makeZip(TREE, 0),
    streamed: streamedZip(TREE),
    zip64: await zip64(TREE),
  };
  for (const [name, zip] of Object.entries(archives)) {
    await t.step(name, () =>
      inFolder(zip, async (path, output) => {
        const phases = new Set<string>();
        const result = await unzip(path, output, {
          onProgress: ({ phase, byteLength, total }) => {
            assert.ok(byteLength <= total);
            phases.add(phase);
          },
        });
        await assertTree(output, TREE);
        const byteLength = canonicalTree(TREE)
          .reduce((sum, [, bytes]) => sum + (bytes === "" ? 0 : bytes.split(",").length), 0);
        assert.deepEqual({ ...result, entries: [...result.entries].sort() }, {
          status: "unpacked",
          output,
          files: 5,
          byteLength,
          sha256: createHash("sha256").update(zip).digest("hex"),
          entries: ["README.txt", "test", "train", "valid"],
          kept: null,
          ignored: 0,
        });
        assert.deepEqual([...phases], ["checking", "unpacking"]);
        assert.deepEqual([...Deno.readDirSync(join(output, ".unzip"))].map((e) => e.name).sort(), [
          "done.json",
          "lock",
        ]);

        const again = await unzip(path, output);
        assert.equal(again.status, "present");
        assert.equal(again.files, 5);

        await Deno.remove(join(output, "train", "a.jpg"));
        assert.equal((await unzip(path, output)).status, "unpacked");
        await assertTree(output, TREE);
      }));
  }
});

function streamedZip(tree: Tree): Uint8Array {
  const pieces: Uint8Array[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    pieces.push(piece);
  });
  for (const [name, content] of Object.entries(tree)) {
    const entry = name.endsWith(".jpg") ? new ZipPassThrough(name) : new ZipDeflate(name);
    zip.add(entry);
    entry.push(typeof content === "string" ? strToU8(content) : content ?? new Uint8Array(0), true);
  }
  zip.end();
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

async function zip64(tree: Tree): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { zip64: true, useWebWorkers: false });
  for (const [name, content] of Object.entries(tree)) {
    const bytes = typeof content === "string" ? strToU8(content) : content ?? new Uint8Array(0);
    await writer.add(name, name.endsWith("/") ? undefined : new Uint8ArrayReader(bytes), {
      directory: name.endsWith("/"),
    });
  }
  return await writer.close();
}

Deno.test("unzip: refuses names that leave the folder or differ between systems", async (t) => {
  const names: Record<string, RegExp> = {
    "../evil": /"\.\.\/evil": the name leaves the folder/,
    "train/../../evil": /leaves the folder/,
    "train/..": /leaves the folder/,
    "/evil": /the name is absolute/,
    "C:/evil": /drive letter/,
    "c:evil": /drive letter/,
    "..\\evil": /leaves the folder/,
    "a\\..\\..\\evil": /leaves the folder/,
    "./../evil": /leaves the folder/,
    "\\\\host\\evil": /the name is absolute/,
    "\\evil": /the name is absolute/,
    ".": /the entry has no name/,
    "train/CON": /Windows reserves the name for a device\nhint: unpack it with another program/,
    "nul.png": /Windows reserves/,
    "lpt1 .tar.gz/a": /Windows reserves/,
    "Com\u00b9": /Windows reserves/,
    "train /a": /ends with a dot or a space/,
    "a.": /ends with a dot or a space/,
    "...": /ends with a dot or a space/,
    "a\nb": /control character/,
    "a\0b": /control character/,
    [`${"a".repeat(256)}`]: /too long/,
    [`${"é/".repeat(600)}a`]: /too long/,
    ".unzip/done.json": /reserved/,
    ".UNZIP/x": /reserved/,
  };
  for (const [name, message] of Object.entries(names)) {
    await t.step(
      JSON.stringify(name.slice(0, 30)),
      () => assertRefused(makeZip({ "ok.txt": "fine", [name]: "evil" }), Error, message),
    );
  }
  await t.step("invalid bytes with the UTF-8 flag", async () => {
    const bent = replaceText(makeZip({ "ok.txt": "fine", "aüb": "x" }), "aüb", "aüb").map((byte) =>
      byte === 0xc3 ? 0xff : byte
    );
    await assertRefused(bent, Error, /not valid text/);
  });
});

Deno.test("unzip: names with ./ or backslashes are the same paths", async (t) => {
  const tree: Tree = { "train/a.txt": "1", "train/sub/b.txt": "2", "empty/": null };
  const forms: Record<string, Tree> = {
    "a dot": {
      "./": null,
      "./train/": null,
      "./train/a.txt": "1",
      "./train/sub/b.txt": "2",
      "./empty/": null,
    },
    backslashes: { "train\\a.txt": "1", "train\\sub\\b.txt": "2", "empty\\": null },
    "empty components": { "train//a.txt": "1", "train/./sub/b.txt": "2", ".//empty//": null },
  };
  for (const [name, form] of Object.entries(forms)) {
    await t.step(name, () =>
      inFolder(makeZip(form), async (path, output) => {
        const { entries, files } = await unzip(path, output);
        assert.deepEqual([[...entries].sort(), files], [["empty", "train"], 2]);
        await assertTree(output, tree);
        assert.equal((await unzip(path, output)).status, "present");
      }));
  }
  await t.step("not twice", async () => {
    await assertRefused(makeZip({ "a/b": "1", "./a/b": "2" }), Error, /the name occurs twice/);
    await assertRefused(makeZip({ "a/b": "1", "A\\b": "2" }), Error, /the same name in another case/);
    await assertRefused(makeZip({ ".\\.unzip\\done.json": "1" }), Error, /reserved/);
  });
});

Deno.test("unzip: bytes before and after an archive are ignored and counted", async (t) => {
  const zips = { plain: makeZip(TREE), zip64: await zip64(TREE) };
  for (const [name, zip] of Object.entries(zips)) {
    for (const [before, after] of [[700, 0], [0, 5000], [3, 1]] as const) {
      await t.step(`${name}, ${before} before and ${after} after`, () =>
        inFolder(
          new Uint8Array([...new Uint8Array(before).fill(0x78), ...zip, ...new Uint8Array(after)]),
          async (path, output) => {
            assert.equal((await unzip(path, output)).ignored, before + after);
            await assertTree(output, TREE);
          },
        ));
    }
  }
});

Deno.test("unzip: a compression method that is not read is named, and the archive is not called damaged", async (t) => {
  for (
    const [method, name] of [[12, "bzip2"], [14, "LZMA"], [9, "Deflate64"], [93, "Zstandard"], [
      77,
      "method 77",
    ]] as const
  ) {
    await t.step(name, () => {
      const set = (at: number) => (record: DataView) => record.setUint16(at, method, true);
      const zip = editRecords(editRecords(makeZip({ "x": "text" }), "local", set(8)), "central", set(10));
      return assertRefused(
        zip,
        Error,
        new RegExp(
          `"x": it is compressed with ${name}, which is not read here.*\nhint: .*7z x ".*data\\.zip"`,
        ),
      );
    });
  }
});

Deno.test("unzip: names of unknown encoding are refused with their readings, and read with --names", async () => {
  // "üü" and two characters of GBK have the same length.
  const swap = (text: string, bytes: number[]) => {
    const zip = makeZip({ [`train/${text}.png`]: "x" }, 0);
    const raw = strToU8(text);
    for (let at = 0; at + raw.length <= zip.length; at++) {
      if (raw.every((byte, index) => zip[at + index] === byte)) zip.set(bytes, at);
    }
    // Without the flag of UTF-8.
    const clear = (at: number) => (record: DataView) =>
      record.setUint16(at, record.getUint16(at, true) & ~0x800, true);
    return editRecords(editRecords(zip, "local", clear(6)), "central", clear(8));
  };
  const gbk = swap("üü", [0xc4, 0xd4, 0xd6, 0xd7]);
  await assertRefused(
    gbk,
    Error,
    /the name is not UTF-8.*\nhint: .*--names, of gbk "train\/脑肿\.png", .*cp437 "train/,
  );
  await assertRefused(gbk, Error, /the name is not in the encoding utf-8\nhint: choose another/, {
    names: "utf-8",
  });
  await inFolder(gbk, async (path, output) => {
    await unzip(path, output, { names: "cp437" });
    assert.equal(
      (await unzip(path, output, { names: "gbk" })).status,
      "unpacked",
      "other names are other content",
    );
    await assertTree(output, { "train/脑肿.png": "x" });
    assert.equal((await unzip(path, output, { names: "gbk" })).status, "present");
  });
  await inFolder(swap("üü", [...strToU8("üü")]), async (path, output) => {
    await unzip(path, output);
    await assertTree(output, { "train/üü.png": "x" });
  });
});

Deno.test("unzip: refuses two entries that are the same file on some system", async (t) => {
  const cases: Record<string, [Tree, RegExp]> = {
    case: [{ "train/A.jpg": "1", "train/a.JPG": "2" }, /"train\/a\.JPG": "train\/A\.jpg" is the same name/],
    "case of a folder": [{ "Train/a": "1", "train/b": "2" }, /"train": "Train" is the same name/],
    accents: [{ "\u00e9": "1", "e\u0301": "2" }, /is the same name/],
    "sharp s": [{ "stra\u00dfe": "1", "STRASSE": "2" }, /is the same name/],
    "file and folder": [{ "a": "1", "a/b": "2" }, /"a": it is a file and a folder/],
    "folder and file": [{ "a/b": "1", "a": "2" }, /"a": it is a file and a folder/],
  };
  for (const [name, [tree, message]] of Object.entries(cases)) {
    await t.step(name, () => assertRefused(makeZip(tree), Error, message));
  }
  await t.step("the same name twice", async () => {
    const zip = replaceText(makeZip({ "name-a": "1", "name-b": "2" }), "name-b", "name-a");
    await assertRefused(zip, Error, /"name-a": the name occurs twice/);
  });
});

Deno.test("unzip: refuses links, devices and encrypted entries", async (t) => {
  const modes: Record<string, [number, RegExp]> = {
    link: [0o120777, /"x": it is a symbolic link/],
    pipe: [0o010644, /it is a named pipe/],
    device: [0o020644, /it is a device/],
    disk: [0o060644, /it is a device/],
    socket: [0o140644, /it is a socket/],
    "folder without a slash": [0o040755, /as a file and as a folder/],
  };
  for (const [name, [mode, message]] of Object.entries(modes)) {
    await t.step(name, () => assertRefused(makeZipOfMode("x", "/etc/passwd", mode), Error, message));
  }
  await t.step("encrypted", async () => {
    const setFlag = (at: number) => (record: DataView) =>
      record.setUint16(at, record.getUint16(at, true) | 1, true);
    const zip = editRecords(
      editRecords(makeZip({ "x": "secret" }), "local", setFlag(6)),
      "central",
      setFlag(8),
    );
    await assertRefused(zip, Error, /"x": it is encrypted/);
  });
  await t.step("really encrypted", async () => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { password: "secret", useWebWorkers: false });
    await writer.add("x", new Uint8ArrayReader(strToU8("secret")));
    await assertRefused(await writer.close(), Error, /"x": it is encrypted/);
  });
  await t.step("a folder with content", async () => {
    const zip = replaceText(makeZip({ "name-x": "content" }), "name-x", "name-/");
    await assertRefused(zip, Error, /as a file and as a folder/);
  });
});

Deno.test("unzip: refuses damage anywhere", async (t) => {
  const zip = makeZip({ "a.bin": noise(5000, 3), "b.txt": "text ".repeat(1000) });
  const stored = makeZip({ "a.bin": noise(5000, 3) }, 0);
  await t.step(
    "a flipped bit in stored data",
    () =>
      assertRefused(
        stored.with(2000, (stored[2000] ?? 0) ^ 4),
        SyntaxError,
        /"a\.bin" of .*: its CRC is wrong/,
      ),
  );
  await t.step("a flipped bit in deflated data", () => {
    const text = makeZip({ "b.txt": noise(5000, 3).map((byte) => byte & 7) });
    return assertRefused(text.with(1000, (text[1000] ?? 0) ^ 4), SyntaxError, /"b\.txt" of .*(CRC|damaged)/);
  });
  for (const length of [0, 10, 1000, zip.length - 100, zip.length - 1]) {
    await t.step(
      `cut to ${length} bytes`,
      () => assertRefused(zip.subarray(0, length), SyntaxError, /truncated|not a zip|damaged/),
    );
  }
  await t.step(
    "the beginning is missing",
    () => assertRefused(zip.subarray(500), SyntaxError, /damaged|contradicts/),
  );
  await t.step(
    "no zip at all",
    () =>
      assertRefused(
        strToU8("<html>".repeat(100)),
        SyntaxError,
        /it is an HTML page, not a zip\nhint: the server/,
      ),
  );
  await t.step(
    "no zip and nothing known",
    () => assertRefused(noise(600, 4), SyntaxError, /truncated or not a zip\nhint: download it again/),
  );
  await t.step(
    "a pointer of Git LFS",
    () =>
      assertRefused(
        strToU8("version https://git-lfs.github.com/spec/v1\n"),
        SyntaxError,
        /Git LFS pointer.*git lfs pull/s,
      ),
  );
  await t.step("a tar archive", () => {
    const tar = new Uint8Array(1024);
    tar.set(strToU8("ustar"), 257);
    return assertRefused(tar, SyntaxError, /it is a tar archive, not a zip\nhint: unpack it with tar/);
  });
  await t.step("an archive that was cut behind one within it", () => {
    const inner = makeZip({ "inner.txt": "x" }, 0);
    const outer = makeZip({ "inner.zip": inner, "b.bin": noise(500, 5) }, 0);
    return assertRefused(
      outer.subarray(0, 30 + "inner.zip".length + inner.length),
      SyntaxError,
      /other bytes are before its first entry/,
    );
  });
  await t.step("a name that differs between the headers", () =>
    assertRefused(
      editRecords(zip, "central", (record, index) => index === 0 && record.setUint8(46, 0x78)),
      SyntaxError,
      /contradicts itself \(mismatched local file header \(filename\)\)/,
    ));
  await t.step("an entry that the end record does not count", () =>
    assertRefused(
      editRecords(zip, "end", (record) => {
        record.setUint16(8, 1, true);
        record.setUint16(10, 1, true);
      }),
      SyntaxError,
      /contradicts itself/,
    ));
  await t.step("no entries", () => assertRefused(makeZip({}), Error, /it is empty/));
  await t.step("no such file", () =>
    inFolder(zip, async (path, output) => {
      await assert.rejects(unzip(`${path}x`, output), /no such file/);
      await assert.rejects(unzip(join(path, ".."), output), /it is not a file/);
    }));
});

Deno.test("unzip: refuses archives that are made to fill the disk", async (t) => {
  const zeros = makeZip({ "zeros": new Uint8Array(6 << 20) });
  await t.step(
    "a suspicious ratio",
    () =>
      assertRefused(
        zeros,
        RangeError,
        /"zeros" would grow from \d+ to 6291456 bytes, .*\nhint: .*--max-ratio/,
      ),
  );
  await t.step("allowed by a higher limit", () =>
    inFolder(zeros, async (path, output) => {
      await unzip(path, output, { maxRatio: 1100 });
      assert.equal((await Deno.stat(join(output, "zeros"))).size, 6 << 20);
    }));
  await t.step("many small ones", () => {
    const tree = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`, new Uint8Array(1 << 20)]));
    return assertRefused(makeZip(tree), RangeError, /the archive would grow/);
  });
  await t.step(
    "more than --max-bytes",
    () =>
      assertRefused(makeZip(TREE), RangeError, /unpacks to more than 60000 bytes\nhint: .*--max-bytes/, {
        maxBytes: 60_000,
      }),
  );
  await t.step(
    "more entries than allowed",
    () => assertRefused(makeZip(TREE), RangeError, /has more than 5 entries/, { maxEntries: 5 }),
  );
  await t.step("a wrong length", async () => {
    const lie = (at: number) => (record: DataView) => record.setUint32(at, 1000, true);
    const bent = editRecords(editRecords(zeros, "local", lie(22)), "central", lie(24));
    await assertRefused(bent, SyntaxError, /"zeros" of .*: the archive is damaged/);
  });
  await t.step("entries that share their bytes", async () => {
    // The data of the first file is the entire second file including its header: all headers agree, and only the offsets
    // reveal it. Deeply nested, a small archive fills a disk this way.
    const inner = makeZip({ "inner": noise(1000, 1) }, 0);
    const innerEnd = inner.length - 22 - 46 - "inner".length;
    const outer = makeZip({ "outer": inner.subarray(0, innerEnd) }, 0);
    const outerEnd = outer.length - 22 - 46 - "outer".length;
    const central = (zip: Uint8Array, start: number) => zip.slice(start, zip.length - 22);
    const innerCentral = central(inner, innerEnd);
    new DataView(innerCentral.buffer).setUint32(42, 30 + "outer".length, true);
    const end = outer.slice(-22);
    const endView = new DataView(end.buffer);
    endView.setUint16(8, 2, true);
    endView.setUint16(10, 2, true);
    endView.setUint32(12, endView.getUint32(12, true) + innerCentral.length, true);
    const parts = [outer.subarray(0, outerEnd), central(outer, outerEnd), innerCentral, end];
    const zip = new Uint8Array(parts.flatMap((part) => [...part]));
    await assertRefused(zip, SyntaxError, /"inner" of .*: it shares bytes with "outer"/);
  });
});

Deno.test("unzip: other content of the folder stays, including the archive itself", async () => {
  await inFolder(makeZip(TREE), async (path, _output, folder) => {
    await Deno.mkdir(join(folder, "masks"));
    await Deno.writeTextFile(join(folder, "masks", "a.png"), "mask");
    assert.equal((await unzip(path, folder)).kept, null);
    await assertTree(folder, { ...TREE, "masks/a.png": "mask" }, ["data.zip"]);
    assert.ok((await Deno.stat(path)).isFile);
  });
});

Deno.test("unzip: an archive cannot replace itself", async () => {
  await inFolder(makeZip({ "DATA.zip": "evil" }), async (path, output, folder) => {
    await assert.rejects(unzip(path, folder), /"DATA\.zip": it would replace the archive itself\nhint: /);
    await unzip(path, output);
    await assertTree(output, { "DATA.zip": "evil" });
  });
});

Deno.test("unzip: a new archive replaces the content of the old one and keeps other files", async () => {
  await inFolder(makeZip(TREE), async (path, output, folder) => {
    await unzip(path, output);
    // Later than the list of unpacked files, on any clock.
    const later = new Date(Date.now() + 5000);
    await Deno.writeTextFile(join(output, "valid", "empty.bin"), "edited");
    await Deno.utime(join(output, "valid", "empty.bin"), later, later);
    await Deno.mkdir(join(output, "val"));
    await Deno.writeTextFile(join(output, "val", "mine.txt"), "mine");

    const young = join(folder, "young.zip");
    const tree: Tree = { "train/b.jpg": "new", "val/c.jpg": "new" };
    await Deno.writeFile(young, makeZip(tree));
    const { kept } = await unzip(young, output);
    await assertTree(output, tree);
    assert.ok(kept !== null && kept.startsWith(join(output, ".unzip", "kept-")));
    assert.deepEqual(canonicalTree(await readTree(kept)), [
      ["val/mine.txt", "109,105,110,101"],
      ["valid/empty.bin", "101,100,105,116,101,100"],
    ]);
  });
});

Deno.test("unzip: a run killed while staging leaves the old content, and the next one cleans up", async () => {
  await inFolder(makeZip(TREE), async (path, output, folder) => {
    await unzip(path, output);
    await Deno.mkdir(join(output, ".unzip", "stage", "new", "train"), { recursive: true });
    await Deno.writeTextFile(join(output, ".unzip", "stage", "new", "train", "half"), "half");
    await assertTree(output, TREE);
    const young = join(folder, "young.zip");
    await Deno.writeFile(young, makeZip({ "train/b.jpg": "new" }));
    await unzip(young, output);
    await assertTree(output, { "train/b.jpg": "new" });
  });
});

Deno.test("unzip: a run killed between any two moves leaves each name old or new, and the next one finishes", async () => {
  const old: Tree = { "train/a": "old", "valid/a": "old", "gone/a": "old" };
  const young: Tree = { "train/b": "new", "valid/b": "new", "test/b": "new" };
  let deaths = 0;
  for (let moves = 0; moves < 12; moves++) {
    await inFolder(makeZip(old), async (path, output) => {
      await unzip(path, output);
      await Deno.writeFile(path, makeZip(young));
      const died = await dyingAfterMoves(moves, output, () => unzip(path, output));
      if (died) {
        deaths++;
        for (const name of ["train", "valid", "gone", "test"]) {
          const tree = await readTree(output, [".unzip"]);
          const files = Object.keys(tree).filter((file) => file.startsWith(`${name}/`));
          const [oldFile, newFile] = [`${name}/a` in old, `${name}/b` in young];
          const allowed = [[`${name}/a`].filter(() => oldFile), [`${name}/b`].filter(() => newFile), []];
          assert.ok(allowed.some((one) => one.join() === files.join()), files.join());
        }
      }
      await unzip(path, output);
      await assertTree(output, young);
      assert.deepEqual(Object.keys(await readTree(join(output, ".unzip"))).sort(), ["done.json", "lock"]);
    });
  }
  assert.equal(deaths, 7, "two moves each for train and valid, one each for gone and test, and the new list");
});

/** Runs `body` so that a rename at the top of `output`, after a number of them, ends it like a kill. */
async function dyingAfterMoves(
  moves: number,
  output: string,
  body: () => Promise<unknown>,
): Promise<boolean> {
  const rename = Deno.rename;
  const list = join(output, ".unzip", "done.json");
  const top = (path: string | URL) => join(String(path), "..") === output || path === list;
  Deno.rename = (from, to) => {
    if ((top(from) || top(to)) && moves-- <= 0) return Promise.reject(new Error("killed"));
    return rename(from, to);
  };
  try {
    await body();
    return false;
  } catch (error) {
    assert.match(String(error), /killed/);
    return true;
  } finally {
    Deno.rename = rename;
  }
}

Deno.test("unzip: a full disk gives one error and leaves nothing", async () => {
  await inFolder(makeZip(TREE, 0), async (path, output) => {
    const write = Deno.FsFile.prototype.write;
    let room = 20_000;
    Deno.FsFile.prototype.write = function (bytes) {
      if (room <= 0) {
        return Promise.reject(Object.assign(new Error("No space left on device"), { code: "ENOSPC" }));
      }
      const piece = bytes.subarray(0, room);
      room -= piece.length;
      return write.call(this, piece);
    };
    try {
      await assert.rejects(
        unzip(path, output),
        /^Error: Cannot write .*: the disk is full\nhint: make room for 7/,
      );
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assert.deepEqual(Object.keys(await readTree(output)), [".unzip/lock"]);
    await unzip(path, output);
    await assertTree(output, TREE);
  });
});

Deno.test("unzip: two runs do not unpack to the same folder", async () => {
  await inFolder(makeZip(TREE), async (path, output) => {
    await Deno.mkdir(join(output, ".unzip"), { recursive: true });
    using other = await Deno.open(join(output, ".unzip", "lock"), { write: true, create: true });
    await other.lock(true);
    await assert.rejects(unzip(path, output), /another run is doing so/);
  });
});

Deno.test("endsLikeZip: bytes behind a zip are no truncation, an archive cut behind one within it is", async () => {
  const inner = makeZip({ "inner.txt": "x" }, 0);
  const outer = makeZip({ "inner.zip": inner, "b.bin": noise(500, 5) }, 0);
  const answers: [Uint8Array, boolean][] = [
    [outer, true],
    [new Uint8Array([...outer, ...new Uint8Array(3000)]), true],
    [outer.subarray(0, 30 + "inner.zip".length + inner.length + 9), false],
    [outer.subarray(0, outer.length - 1), false],
  ];
  for (const [bytes, whole] of answers) {
    await inFolder(bytes, async (path) => {
      using file = await Deno.open(path);
      assert.equal(await endsLikeZip(file), whole, `${bytes.length} bytes`);
    });
  }
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { zipSync } from "fflate";
import { download, type DownloadOptions, fileNameOfUrl } from "../../src/archive/download.ts";
import { type Answer, serveFile } from "../support/zip_server.ts";

const ZIP = makeZip(1);
const OTHER = makeZip(2);
const QUICK: DownloadOptions = { backoffSeconds: 0.001, retries: 2, stallSeconds: 5 };

/** About 300 KB of incompressible data, so that a drop falls within an entry. */
function makeZip(seed: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(300_000);
  let state = seed;
  for (let i = 0; i < data.length; i++) data[i] = (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return new Uint8Array(zipSync({ "train/a.bin": data }, { level: 0, mtime: new Date(2020, 0, 1) }));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function inFolder(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(join(folder, "file.zip"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

/** The message of the error that `promise` must reject with. */
async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
  throw new assert.AssertionError({ message: "expected an error" });
}

/** A run that is cut off after 100,000 bytes and leaves its part. */
async function leavePart(path: string, answer: Answer = {}): Promise<void> {
  await using server = serveFile(ZIP, [{ cutAfter: 100_000, ...answer }]);
  // Every run of a test must use the same address: a part of another one is not continued.
  await messageOf(download(server.url, path, { ...QUICK, retries: 0 }));
  const origin = `${path}.part.json`;
  const text = await Deno.readTextFile(origin);
  await Deno.writeTextFile(origin, text.replace(server.url, "URL"));
}

/** Changes the origin of the part that {@linkcode leavePart} left to `url`. */
async function adoptPart(path: string, url: string): Promise<void> {
  const origin = `${path}.part.json`;
  await Deno.writeTextFile(origin, (await Deno.readTextFile(origin)).replace("URL", url));
}

Deno.test("download: writes the complete file and its hash; a second run uses no network", async () => {
  await inFolder(async (path, folder) => {
    await using server = serveFile(ZIP);
    const seen: number[] = [];
    const first = await download(server.url, path, {
      onProgress: ({ byteLength, total }) => {
        assert.equal(total, ZIP.length);
        seen.push(byteLength);
      },
    });
    assert.deepEqual(first, {
      status: "downloaded",
      path,
      byteLength: ZIP.length,
      sha256: sha256(ZIP),
      resumedFrom: 0,
    });
    assert.deepEqual(await Deno.readFile(path), ZIP);
    assert.deepEqual(names(folder), ["file.zip", "file.zip.sha256"]);
    assert.equal(await Deno.readTextFile(`${path}.sha256`), `${sha256(ZIP)}  file.zip\n`);
    assert.equal(seen.at(-1), ZIP.length);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(server.requests[0]?.headers.get("accept-encoding"), "identity");

    const second = await download(server.url, path);
    assert.equal(second.status, "present");
    assert.equal(second.sha256, sha256(ZIP));
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("download: resumes with Range and If-Range after a dropped connection", async () => {
  await inFolder(async (path) => {
    await using server = serveFile(ZIP, [{ cutAfter: 100_000 }, { cutAfter: 50_000 }, {}]);
    const notes: string[] = [];
    const result = await download(server.url, path, { ...QUICK, onNote: (note) => notes.push(note) });
    assert.equal(result.sha256, sha256(ZIP));
    assert.deepEqual(await Deno.readFile(path), ZIP);
    assert.deepEqual(server.requests.map((request) => request.headers.get("range")), [
      undefined,
      "bytes=100000-",
      "bytes=150000-",
    ]);
    assert.equal(server.requests[1]?.headers.get("if-range"), '"first"');
    assert.equal(notes.length, 2);
    assert.match(notes[0] ?? "", /^the connection broke off .*; retrying in /);
  });
});

Deno.test("download: an attempt that got further restarts the count of failures", async () => {
  await inFolder(async (path) => {
    await using server = serveFile(ZIP, [...Array(8).fill({ cutAfter: 30_000 }), {}]);
    await download(server.url, path, { ...QUICK, retries: 1 });
    assert.deepEqual(await Deno.readFile(path), ZIP);
    assert.equal(server.requests.length, 9);
  });
});

Deno.test("download: a later run resumes where an earlier one gave up", async () => {
  await inFolder(async (path, folder) => {
    await using server = serveFile(ZIP, [{ cutAfter: 100_000 }, {}]);
    const message = await messageOf(download(server.url, path, { ...QUICK, retries: 0 }));
    assert.match(message, /^Cannot download http:.*the connection broke off/);
    assert.match(message, /\nhint: .*file\.zip\.part keeps the 100000 bytes received/);
    assert.deepEqual(names(folder), ["file.zip.part", "file.zip.part.json"]);
    assert.deepEqual(await Deno.readFile(`${path}.part`), ZIP.subarray(0, 100_000));

    const result = await download(server.url, path, QUICK);
    assert.equal(result.resumedFrom, 100_000);
    assert.deepEqual(await Deno.readFile(path), ZIP);
    assert.deepEqual(names(folder), ["file.zip", "file.zip.sha256"]);
  });
});

Deno.test("download: starts over if the rest cannot be requested", async (t) => {
  const cases: Record<string, { first?: Answer; then: Answer; etag?: string; requests: number }> = {
    "the server gave no validator": { first: { headers: {} }, then: {}, requests: 1 },
    "a weak validator": { first: { headers: { etag: 'W/"first"' } }, then: {}, requests: 1 },
    "the server knows no ranges": { then: { noRanges: true }, requests: 1 },
    "the file changed": { then: {}, etag: '"second"', requests: 1 },
    "the file changed and the server ignores If-Range": {
      then: { ignoreIfRange: true },
      etag: '"second"',
      requests: 2,
    },
    "the server cannot satisfy the range": { then: { status: "416 Range Not Satisfiable" }, requests: 2 },
  };
  for (const [name, { first, then, etag, requests }] of Object.entries(cases)) {
    await t.step(name, () =>
      inFolder(async (path) => {
        await leavePart(path, first);
        await using server = serveFile(OTHER, requests === 1 ? [then] : [then, {}], etag);
        await adoptPart(path, server.url);
        const result = await download(server.url, path, { ...QUICK, retries: 0 });
        assert.equal(result.sha256, sha256(OTHER));
        assert.deepEqual(await Deno.readFile(path), OTHER);
        assert.equal(server.requests.length, requests);
      }));
  }
  await t.step("the part belongs to another address", () =>
    inFolder(async (path) => {
      await leavePart(path);
      await using server = serveFile(OTHER);
      await download(server.url, path, QUICK);
      assert.equal(server.requests[0]?.headers.has("range"), false);
      assert.deepEqual(await Deno.readFile(path), OTHER);
    }));
});

Deno.test("download: uses Last-Modified without an ETag", async () => {
  await inFolder(async (path) => {
    const headers = { "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT" };
    await using server = serveFile(ZIP, [{ headers, cutAfter: 100_000 }, { headers, ignoreIfRange: true }]);
    await download(server.url, path, QUICK);
    assert.equal(server.requests[1]?.headers.get("if-range"), headers["last-modified"]);
    assert.deepEqual(await Deno.readFile(path), ZIP);
  });
});

Deno.test("download: a permanent error status gives one error and keeps the part", async (t) => {
  for (const [status, hint] of [["404 Not Found", "does not exist"], ["403 Forbidden", "needs a login"]]) {
    await t.step(status ?? "", () =>
      inFolder(async (path) => {
        await leavePart(path);
        await using server = serveFile(ZIP, [{ status: status ?? "" }]);
        await adoptPart(path, server.url);
        const message = await messageOf(download(server.url, path, QUICK));
        assert.ok(message.includes(`the server answers ${status}\nhint: `), message);
        assert.ok(message.includes(hint ?? ""), message);
        assert.equal(server.requests.length, 1);
        assert.equal((await Deno.stat(`${path}.part`)).size, 100_000);
      }));
  }
  await t.step("without a part, nothing is left", () =>
    inFolder(async (path, folder) => {
      await using server = serveFile(ZIP, [{ status: "404 Not Found" }]);
      await messageOf(download(server.url, path, QUICK));
      assert.deepEqual(names(folder), []);
    }));
});

Deno.test("download: retries a busy server", async () => {
  await inFolder(async (path) => {
    const busy = { status: "503 Service Unavailable", headers: { "retry-after": "0" } };
    await using server = serveFile(ZIP, [busy, busy, {}]);
    assert.equal((await download(server.url, path, QUICK)).sha256, sha256(ZIP));
    await Deno.remove(path);
    await using dead = serveFile(ZIP, [busy]);
    const message = await messageOf(download(dead.url, path, QUICK));
    assert.match(message, /the server answers 503 Service Unavailable, 3 times in a row/);
    assert.equal(dead.requests.length, 3);
  });
});

Deno.test("download: aborts and retries a stalled response", async () => {
  await inFolder(async (path) => {
    await using server = serveFile(ZIP, [{ cutAfter: 100_000, stall: 30_000 }, {}]);
    const notes: string[] = [];
    const options = { ...QUICK, stallSeconds: 0.2, onNote: (note: string) => notes.push(note) };
    await download(server.url, path, options);
    assert.match(notes[0] ?? "", /^no data for 0.2 s; retrying/);
    assert.equal(server.requests[1]?.headers.get("range"), "bytes=100000-");
    assert.deepEqual(await Deno.readFile(path), ZIP);
  });
});

Deno.test("download: a refused connection gives one error", async () => {
  await inFolder(async (path, folder) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const message = await messageOf(download(`http://127.0.0.1:${port}/a.zip`, path, QUICK));
    assert.match(
      message,
      /no response from 127\.0\.0\.1:\d+ \(.*refused.*\), 3 times in a row\nhint: check the/,
    );
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("download: refuses an HTML page instead of the zip and keeps the part", async () => {
  await inFolder(async (path, folder) => {
    const page = {
      body: new TextEncoder().encode("<!DOCTYPE html><title>Log in</title>"),
      headers: { "content-type": "text/html; charset=utf-8" },
    };
    await using server = serveFile(ZIP, [page]);
    const message = await messageOf(download(server.url, path, QUICK));
    assert.match(message, /the server sent an HTML page instead of a zip\nhint: open the address/);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(names(folder), []);

    await leavePart(path);
    await adoptPart(path, server.url);
    await messageOf(download(server.url, path, QUICK));
    assert.equal((await Deno.stat(`${path}.part`)).size, 100_000);
  });
});

Deno.test("download: refuses a zip that is truncated on the server", async () => {
  await inFolder(async (path, folder) => {
    await using server = serveFile(ZIP.slice(0, 200_000));
    const message = await messageOf(download(server.url, path, QUICK));
    assert.match(
      message,
      /all 200000 bytes arrived, but end within the zip; it is truncated on the server/,
    );
    assert.equal(server.requests.length, 1);
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("download: without a length, the zip itself tells whether it is complete", async () => {
  await inFolder(async (path) => {
    const answers = [{ noLength: true, cutAfter: 100_000 }, { noLength: true }];
    await using server = serveFile(ZIP, answers);
    const notes: string[] = [];
    await download(server.url, path, { ...QUICK, onNote: (note) => notes.push(note) });
    assert.match(notes[0] ?? "", /^the connection ended within the zip, after 100000 bytes/);
    assert.deepEqual(await Deno.readFile(path), ZIP);
  });
});

Deno.test("download: refuses a wrong hash; the correct one finishes without network", async () => {
  await inFolder(async (path, folder) => {
    await using server = serveFile(ZIP);
    const wrong = "0".repeat(64);
    const message = await messageOf(download(server.url, path, { ...QUICK, sha256: wrong }));
    assert.ok(message.includes(`its SHA-256 is ${sha256(ZIP)}, expected ${wrong}\nhint: `), message);
    assert.deepEqual(names(folder), ["file.zip.part", "file.zip.part.json"]);

    await messageOf(download(server.url, path, { ...QUICK, sha256: wrong }));
    assert.equal(server.requests.length, 2, "a second refusal comes after a new download");

    const result = await download(server.url, path, { ...QUICK, sha256: sha256(ZIP).toUpperCase() });
    assert.equal(result.sha256, sha256(ZIP));
    assert.equal(server.requests.length, 2);
    assert.deepEqual(names(folder), ["file.zip", "file.zip.sha256"]);
  });
});

Deno.test("download: a later download must have the hash that the first one recorded", async () => {
  await inFolder(async (path) => {
    await using first = serveFile(ZIP);
    await download(first.url, path, QUICK);
    await Deno.remove(path);
    await using second = serveFile(OTHER);
    const message = await messageOf(download(second.url, path, QUICK));
    assert.match(message, /file\.zip\.sha256 recorded at the first download\nhint: .*--sha256 [0-9a-f]{64}$/);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);

    await download(second.url, path, { ...QUICK, sha256: sha256(OTHER) });
    assert.equal(await Deno.readTextFile(`${path}.sha256`), `${sha256(OTHER)}  file.zip\n`);
  });
});

Deno.test("download: replaces a damaged existing file", async () => {
  await inFolder(async (path) => {
    await using server = serveFile(ZIP);
    await download(server.url, path, QUICK);
    for (const damage of [ZIP.slice(0, 1000), ZIP.with(5000, (ZIP[5000] ?? 0) ^ 1)]) {
      await Deno.writeFile(path, damage);
      const notes: string[] = [];
      const result = await download(server.url, path, { ...QUICK, onNote: (note) => notes.push(note) });
      assert.equal(result.status, "downloaded");
      assert.match(notes[0] ?? "", /downloading it again/);
      assert.deepEqual(await Deno.readFile(path), ZIP);
    }
  });
});

Deno.test("download: follows redirects, but only to hosts that the permissions name", async (t) => {
  await t.step("followed, relative and absolute", () =>
    inFolder(async (path) => {
      const moves: Answer[] = [{ status: "302 Found", headers: { location: "../next?x=1" } }];
      await using server = serveFile(ZIP, moves);
      const last = server.url.replace("file.zip", "last.zip");
      moves.push({ status: "307 Temporary Redirect", headers: { location: last } }, {});
      await download(server.url, path, QUICK);
      assert.deepEqual(
        server.requests.map((request) => request.target),
        ["/data/file.zip", "/next?x=1", "/data/last.zip"],
      );
    }));
  await t.step(
    "refused: another port, or this machine by another name",
    () =>
      inFolder(async (path, folder) => {
        await using target = serveFile(ZIP);
        const { port } = new URL(target.url);
        for (
          const location of [
            target.url,
            ...["localhost", "[::1]", "127.0.0.2", "2130706433", "[::ffff:127.0.0.1]"].map((host) =>
              `http://${host}:${port}/a.zip`
            ),
          ]
        ) {
          await using server = serveFile(ZIP, [{ status: "302 Found", headers: { location } }]);
          const message = await messageOf(download(server.url, path, QUICK));
          assert.match(message, /: it leads to this machine\nhint: .* --url$/, location);
        }
        await using server = serveFile(ZIP, [{
          status: "302 Found",
          headers: { location: "http://example.org:8080/a.zip" },
        }]);
        assert.match(await messageOf(download(server.url, path, QUICK)), /: it leads to port 8080\nhint: /);
        assert.equal(target.requests.length, 0);
        assert.deepEqual(names(folder), []);
      }),
  );
  await t.step("refused, and the host is not contacted", () =>
    inFolder(async (path, folder) => {
      const elsewhere = "http://example.org/a.zip";
      await using server = serveFile(ZIP, [{ status: "302 Found", headers: { location: elsewhere } }]);
      const message = await messageOf(download(server.url, path, QUICK));
      assert.ok(
        message.startsWith(`Cannot follow the redirect from ${server.url} to ${elsewhere}: `),
        message,
      );
      assert.match(
        message,
        /the permission set does not name the host example\.org\nhint: .*--allow-net=example\.org:80/,
      );
      assert.equal(server.requests.length, 1);
      assert.deepEqual(names(folder), []);
    }));
  await t.step("the first address is checked as well", () =>
    inFolder(async (path) => {
      const message = await messageOf(download("https://example.org/a.zip", path, QUICK));
      assert.match(
        message,
        /^Cannot download https:\/\/example\.org\/a\.zip: the permission set does not name/,
      );
    }));
  await t.step("a redirect loop ends", () =>
    inFolder(async (path) => {
      await using server = serveFile(ZIP, [{ status: "301 Moved", headers: { location: "/data/file.zip" } }]);
      assert.match(await messageOf(download(server.url, path, QUICK)), /more than 10 redirects/);
      assert.equal(server.requests.length, 11);
    }));
  await t.step("a redirect without a location", () =>
    inFolder(async (path) => {
      await using server = serveFile(ZIP, [{
        status: "302 Found",
        headers: { location: "ftp://127.0.0.1/x" },
      }]);
      assert.match(await messageOf(download(server.url, path, QUICK)), /Cannot follow the redirect/);
    }));
});

Deno.test("download: a full disk gives one error, and the next run resumes", async () => {
  await inFolder(async (path, folder) => {
    await using server = serveFile(ZIP);
    let room = 120_000;
    const write = Deno.FsFile.prototype.write;
    Deno.FsFile.prototype.write = function (bytes) {
      if (room === 0) {
        return Promise.reject(Object.assign(new Error("No space left on device"), { code: "ENOSPC" }));
      }
      const piece = bytes.subarray(0, room);
      room -= piece.length;
      return write.call(this, piece);
    };
    try {
      const message = await messageOf(download(server.url, path, QUICK));
      assert.match(message, /^Cannot write .*file\.zip\.part: the disk is full\nhint: make room/);
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assert.deepEqual(names(folder), ["file.zip.part", "file.zip.part.json"]);
    const left = (await Deno.stat(`${path}.part`)).size;
    assert.ok(left > 100_000 && left < 120_000, `${left}`);
    const result = await download(server.url, path, QUICK);
    assert.equal(result.resumedFrom, left);
    assert.deepEqual(await Deno.readFile(path), ZIP);
  });
});

Deno.test("download: two runs do not write the same part", async () => {
  await inFolder(async (path) => {
    await using server = serveFile(ZIP);
    using other = await Deno.open(`${path}.part`, { write: true, create: true });
    await other.lock(true);
    assert.match(
      await messageOf(download(server.url, path, QUICK)),
      /another run is writing .*file\.zip\.part/,
    );
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("download: refuses invalid arguments before anything happens", async () => {
  await inFolder(async (path, folder) => {
    await assert.rejects(download("file:///etc/passwd", path), TypeError);
    await assert.rejects(download("not an address", path), TypeError);
    await assert.rejects(download("https://example.org/a.zip", path, { sha256: "abc" }), RangeError);
    await Deno.writeTextFile(`${path}.sha256`, "no hash\n");
    await assert.rejects(download("https://example.org/a.zip", path), SyntaxError);
    assert.deepEqual(names(folder), ["file.zip.sha256"]);
    assert.match(await messageOf(download("https://example.org/a.zip", folder)), /it is a folder\nhint: /);
  });
});

Deno.test("fileNameOfUrl: a harmless name that ends in .zip", () => {
  const expected: Record<string, string> = {
    "https://a.org/x/Brain.Tumor.Image.DataSet.zip": "Brain.Tumor.Image.DataSet.zip",
    "https://a.org/x/DATA.ZIP?token=1#top": "DATA.ZIP",
    "https://a.org/x/my%20data": "my data.zip",
    "https://a.org/": "download.zip",
    "https://a.org/..%2F..%2Fetc%2Fpasswd": "_.._etc_passwd.zip",
    "https://a.org/%00%E0%A4%A.zip": "%00%E0%A4%A.zip",
    "https://a.org/.hidden.zip": "hidden.zip",
  };
  for (const [url, name] of Object.entries(expected)) assert.equal(fileNameOfUrl(url), name);
});

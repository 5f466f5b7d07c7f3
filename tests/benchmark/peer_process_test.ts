import assert from "node:assert/strict";
import { join } from "node:path";
import { PeerProcess } from "../../src/benchmark/peer_process.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SERVE = new URL("../bench/peers/serve.ts", import.meta.url).href;

/** Starts a peer that runs this program. */
async function withPeer(
  program: string,
  body: (start: Promise<PeerProcess>) => Promise<void>,
  seconds = 60,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const script = join(folder, "peer.ts");
    await Deno.writeTextFile(
      script,
      `import { peerArguments, serve } from ${JSON.stringify(SERVE)};\n${program}`,
    );
    const command = [
      "deno",
      "run",
      "-q",
      "--no-config",
      "--no-lock",
      "--no-prompt",
      script,
      "8",
      "64",
      "4",
      "2",
    ];
    await body(PeerProcess.start(command, seconds));
  });
}

Deno.test("PeerProcess: a peer warms up, reports its work, and works once per line", () =>
  withPeer(
    `let calls = 0;
     const { filters, size, batch, threads } = peerArguments();
     console.log("a library's banner");
     await serve([filters, size, batch, threads].join(), {
       step: async () => {
         calls++;
         console.log("chatter");
         await new Promise((resolve) => setTimeout(resolve, calls === 3 ? 30 : 0));
       },
     });`,
    async (start) => {
      const peer = await start;
      try {
        assert.equal(peer.name, "8,64,4,2");
        assert.deepEqual(peer.work, ["step"]);
        // The third call, after two for warm-up, is the first that is measured.
        const { seconds } = await peer.measure("step");
        assert.ok(seconds >= 0.029 && seconds < 10, `${seconds}`);
        assert.ok((await peer.measure("step")).seconds >= 0);
      } finally {
        await peer.close();
      }
    },
  ));

Deno.test("PeerProcess: a peer that cannot start is rejected with the error that it printed", () =>
  withPeer(`throw new Error("no such package");`, async (start) => {
    await assert.rejects(start, /^Error: Cannot start deno: error: .*no such package$/);
  }));

Deno.test("PeerProcess: a peer that is not ready in time is killed", () =>
  withPeer(
    `setInterval(() => {}, 1000);`,
    (start) => assert.rejects(start, /^Error: Cannot start deno: it was not ready in 0\.5 seconds$/),
    0.5,
  ));

Deno.test("PeerProcess: a peer that ends at work that it does not know is an error", () =>
  withPeer(
    `await serve("mortal", { forward: () => Promise.resolve() });`,
    async (start) => {
      const peer = await start;
      await assert.rejects(peer.measure("step"), /^Error: mortal ended while it was measured$/);
      await peer.close();
    },
  ));

Deno.test("PeerProcess: a program that cannot be started is an error", async () => {
  // Tests have no permission to start it, which is the reason that is passed on.
  await assert.rejects(PeerProcess.start(["no-such-program"], 1), Error);
});

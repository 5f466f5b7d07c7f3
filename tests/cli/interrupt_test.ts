/** Ctrl-C and SIGTERM while the main thread is blocked, as it is while it waits for the GPU. */
import assert from "node:assert/strict";
import { inTempFolder } from "../support/temp_folder.ts";

const MODULE = JSON.stringify(new URL("../../src/cli/interrupt.ts", import.meta.url).href);

/** A script that reports when it listens, blocks for some milliseconds, and then reports the signal. */
const script = (busy: number, then = "") =>
  `import { stopOnInterrupt } from ${MODULE};
const { signal, listening, release } = stopOnInterrupt("stopping", () => console.log("told"));
await listening;
${then}
console.log("busy");
for (const end = performance.now() + ${busy}; performance.now() < end;);
console.log("free");
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(signal.aborted ? "aborted" : "not aborted");
release();
Deno.exit(signal.reason?.code ?? 0);`;

interface Ending {
  status: Deno.CommandStatus;
  output: string;
  errors: string;
}

/** What is sent after the note: nothing, the same signal once more a moment later, or repeatedly until the end. */
type More = "nothing" | "echo" | "again";

/** Runs the script, sends it the signal while it blocks, and then `more`. */
async function run(code: string, more: More = "nothing", signal: Deno.Signal = "SIGINT"): Promise<Ending> {
  let ending: Ending | undefined;
  await inTempFolder(async (folder) => {
    const path = `${folder}/script.ts`;
    await Deno.writeTextFile(path, code);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command("deno", {
      args: ["run", "-q", "--no-lock", "--config", config, "-P=test", path],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, onText: (text: string) => void) => {
      let text = "";
      for await (const part of stream.pipeThrough(new TextDecoderStream())) onText(text += part);
      return text;
    };
    let [sent, noted, ended] = [false, false, false];
    const sendMore = async () => {
      while (more !== "nothing" && !ended) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        child.kill(signal);
        if (more === "echo") return;
      }
    };
    const [output, errors, status] = await Promise.all([
      read(child.stdout, (text) => {
        if (!sent && text.includes("busy")) {
          sent = true;
          child.kill(signal);
        }
      }),
      read(child.stderr, (text) => {
        if (noted || !text.includes("stopping")) return;
        noted = true;
        sendMore().catch(() => {}); // The process may end at any moment.
      }),
      child.status.finally(() => ended = true),
    ]);
    ending = { status, output, errors };
  });
  return ending!;
}

Deno.test("stopOnInterrupt: the first Ctrl-C prints the note while the thread is blocked, and aborts the signal", async () => {
  const signals = [["SIGINT", 130], ["SIGTERM", 143]] as const;
  await Promise.all(signals.map(async ([signal, code]) => {
    const { status, output, errors } = await run(script(1000), "nothing", signal);
    assert.deepEqual([status.signal, status.code], [null, code], errors);
    assert.equal(errors, "note: stopping\n");
    assert.equal(output, "busy\nfree\ntold\naborted\n");
  }));
});

Deno.test("stopOnInterrupt: a doubled Ctrl-C, as forwarded by deno task, counts as one", async () => {
  // On a loaded machine the second one may be late, but not every time.
  let ending: Ending;
  let tries = 5;
  do ending = await run(script(1000), "echo"); while (ending.status.signal !== null && --tries > 0);
  assert.deepEqual([ending.status.signal, ending.output], [null, "busy\nfree\ntold\naborted\n"]);
});

Deno.test("stopOnInterrupt: a second Ctrl-C ends the process at once, though the thread is blocked", async () => {
  const { status, output, errors } = await run(script(20_000), "again");
  assert.equal(status.signal, "SIGINT");
  assert.deepEqual([output, errors], ["busy\n", "note: stopping\n"]);
});

Deno.test("stopOnInterrupt: after the release, Ctrl-C ends the process as usual", async () => {
  // The listeners go when the thread has ended, a moment after the call.
  const released = "release(); await new Promise((resolve) => setTimeout(resolve, 300));";
  const { status, errors } = await run(script(5000, released));
  assert.deepEqual([status.signal, errors], ["SIGINT", ""]);
});

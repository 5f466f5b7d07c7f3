/** Ctrl-C at a thread that is busy, as it is while it waits for the GPU. */
import assert from "node:assert/strict";
import { inTempFolder } from "../support/temp_folder.ts";

const MODULE = JSON.stringify(new URL("../../src/cli/interrupt.ts", import.meta.url).href);

/** Says when it listens, is busy for some milliseconds, and then says what came of the signal. */
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
Deno.exit(signal.aborted ? 3 : 0);`;

interface Ending {
  status: Deno.CommandStatus;
  output: string;
  errors: string;
}

/** Runs the script, and sends it Ctrl-C when it is busy and `more` times after the note. */
async function run(code: string, more: number): Promise<Ending> {
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
    let [sent, again] = [false, 0];
    const [output, errors, status] = await Promise.all([
      read(child.stdout, (text) => {
        if (!sent && text.includes("busy")) {
          sent = true;
          child.kill("SIGINT");
        }
      }),
      read(child.stderr, (text) => {
        for (; text.includes("stopping") && again < more; again++) child.kill("SIGINT");
      }),
      child.status,
    ]);
    ending = { status, output, errors };
  });
  return ending!;
}

Deno.test("stopOnInterrupt: the first Ctrl-C is answered while the thread is busy, and asks it to stop", async () => {
  const { status, output, errors } = await run(script(1500), 0);
  assert.equal(status.code, 3, errors);
  assert.equal(errors, "note: stopping\n");
  assert.equal(output, "busy\nfree\ntold\naborted\n");
});

Deno.test("stopOnInterrupt: a second Ctrl-C ends the process at once, though the thread is busy", async () => {
  const { status, output, errors } = await run(script(60_000), 1);
  assert.equal(status.signal, "SIGINT");
  assert.deepEqual([output, errors], ["busy\n", "note: stopping\n"]);
});

Deno.test("stopOnInterrupt: released, it leaves Ctrl-C to what it does by itself", async () => {
  const { status, errors } = await run(script(60_000, "release();"), 0);
  assert.deepEqual([status.signal, errors], ["SIGINT", ""]);
});

/** Errors of a device as promises. No GPU is involved. */
import assert from "node:assert/strict";
import { ErrorScopes } from "../../src/gpu/error_scopes.ts";

/** A device whose scopes answer when they are told to. */
function fakeDevice(errors: Partial<Record<GPUErrorFilter, string>>) {
  const open: GPUErrorFilter[] = [];
  const answers: ((lost: boolean) => void)[] = [];
  const device = {
    pushErrorScope: (filter: GPUErrorFilter) => void open.push(filter),
    popErrorScope: () => {
      const message = errors[open.pop()!];
      return new Promise((resolve, reject) =>
        answers.push((lost) => lost ? reject(new Error("lost")) : resolve(message ? { message } : null))
      );
    },
  };
  const answer = (lost = false) => answers.splice(0).forEach((one) => one(lost));
  return { device: device as unknown as GPUDevice, open, answer };
}

Deno.test("ErrorScopes: reports are awaited however late they come, lack of memory first", async () => {
  const { device, open, answer } = fakeDevice({ validation: "invalid", "out-of-memory": "no memory" });
  const messages: string[] = [];
  const scopes = new ErrorScopes(device, ({ message }) => messages.push(message));
  assert.equal(scopes.watch(() => open.length), 3);
  scopes.watch(() => {});
  let done = false;
  const reported = scopes.reported().then(() => done = true);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(done, false);
  answer();
  await reported;
  assert.deepEqual(messages, ["no memory", "invalid", "no memory", "invalid"]);
  assert.deepEqual(open, []);
});

Deno.test("ErrorScopes: work that throws leaves no scope open, and a lost device rejects nothing", async () => {
  const { device, open, answer } = fakeDevice({});
  const scopes = new ErrorScopes(device, () => assert.fail("there was no error"));
  assert.throws(() => scopes.watch(() => JSON.parse("{")), SyntaxError);
  assert.deepEqual(open, []);
  answer(true);
  await scopes.reported();
});

Deno.test("ErrorScopes.contain: errors of work that fails or ends go to whoever contains it, later ones do not", async () => {
  const { device, open, answer } = fakeDevice({ validation: "invalid" });
  const messages: string[] = [];
  const scopes = new ErrorScopes(device, ({ message }) => messages.push(message));
  const contained = scopes.contain(() => Promise.resolve(scopes.watch(() => {})));
  await Promise.resolve();
  answer();
  // Of the watched command, and of what was not watched.
  assert.deepEqual((await contained).map(({ message }) => message), ["invalid", "invalid"]);
  const failing = scopes.contain(() => Promise.reject(new Error("broken")));
  await Promise.resolve();
  answer();
  await assert.rejects(failing, /broken/);
  assert.deepEqual(messages, []);
  scopes.watch(() => {});
  answer();
  await scopes.reported();
  assert.deepEqual([messages, open], [["invalid"], []]);
});

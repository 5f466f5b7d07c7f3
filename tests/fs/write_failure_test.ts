import assert from "node:assert/strict";
import { writeFailure } from "../../src/fs/write_failure.ts";

const systemError = (message: string, code: string) => Object.assign(new Error(message), { code });

Deno.test("writeFailure: the system's errors get the path and keep their code", () => {
  const error = systemError("Input/output error (os error 5)", "EIO");
  const failure = writeFailure("runs/a/test.json", error, "make room") as Error & { code: string };
  assert.equal(failure.message, "Cannot write runs/a/test.json: Input/output error (os error 5)");
  assert.deepEqual([failure.cause, failure.code], [error, "EIO"]);
});

Deno.test("writeFailure: a full disk is named, with the hint if there is one", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EFBIG"]) {
    const full = systemError("No space left on device (os error 28)", code);
    const message = (hint?: string) => (writeFailure("a", full, hint) as Error).message;
    assert.equal(message(), "Cannot write a: the disk is full");
    assert.equal(message("make room"), "Cannot write a: the disk is full\nhint: make room");
  }
});

Deno.test("writeFailure: a file beyond the shell's limit is named, with the command that raises it", () => {
  const failure = writeFailure("a", new Error("File too large (os error 27): writefile 'a'")) as Error;
  assert.equal(
    failure.message,
    "Cannot write a: File too large (os error 27)\nhint: raise the shell's limit on file sizes (ulimit -f unlimited)",
  );
});

Deno.test("writeFailure: other errors, refused permissions and its own errors stay as they are", () => {
  const own = writeFailure("inner", systemError("full", "ENOSPC"));
  const others = [
    new Error("other"),
    Object.assign(new Error("exit 130"), { code: 130 }),
    new Deno.errors.NotCapable("Requires write access"),
    own,
  ];
  for (const error of others) assert.equal(writeFailure("a", error), error);
});

/** Commands of the product, as benches run them: one after the other, each shown. */
import { writeStderr } from "../../src/cli/task.ts";

/**
 * Runs a task under its own permissions; returns its standard output.
 *
 * @throws {Error} if it fails, with what it wrote to standard error.
 */
export async function benchTask(name: string, ...args: readonly string[]): Promise<string> {
  writeStderr(`deno task ${name} ${args.join(" ")}\n`);
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", `-P=${name}`, `tasks/${name}.ts`, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`deno task ${name} failed:\n${text.decode(stderr)}`);
  return text.decode(stdout);
}

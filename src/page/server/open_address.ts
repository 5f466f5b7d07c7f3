/**
 * Opens the page with the system's opener.
 *
 * @module
 */

/** What opens an address on this system. */
function opener(): string {
  return Deno.build.os === "darwin" ? "open" : "xdg-open";
}

/**
 * Checks that the opener may be run.
 *
 * @throws {Deno.errors.NotCapable} if it may not.
 */
export function checkOpener(): void {
  const command = opener();
  if (Deno.permissions.querySync({ name: "run", command }).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires run access to "${command}", run again with the --allow-run flag`,
  );
}

/**
 * Opens an address.
 *
 * @throws {Error} if the system cannot.
 */
export async function openAddress(address: string): Promise<void> {
  const command = opener();
  const failed = (reason: string) =>
    new Error(`Cannot open a browser: ${reason}\nhint: leave out --open, and open the address yourself`);
  const child = new Deno.Command(command, {
    args: [address],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  let code: number;
  try {
    ({ code } = await child.output());
  } catch (error) {
    throw failed((error as Error).message);
  }
  if (code !== 0) throw failed(`${command} ended with code ${code}`);
}

/**
 * Asking what a process may do, without a prompt.
 *
 * @module
 */

/** Whether a path may be read or written without asking the user. */
export async function isGranted(name: "read" | "write", path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name, path })).state === "granted";
}

/**
 * Asking what a process may do, without a prompt.
 *
 * @module
 */

/** Whether a path may be read or written without asking the user. */
export function isGranted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

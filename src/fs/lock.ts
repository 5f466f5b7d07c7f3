/**
 * Locks between processes. The system releases them however a process ends.
 *
 * @module
 */

/**
 * Takes the exclusive lock of an open file; false if another process holds it. On a file system without locks nobody
 * can hold one, and the lock counts as taken.
 */
export async function takeLock(file: Deno.FsFile): Promise<boolean> {
  return await file.tryLock(true).catch(() => true);
}

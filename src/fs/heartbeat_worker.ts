/**
 * The thread behind `FolderLock`: counts in the lock file, since the main thread is blocked while it waits for the GPU.
 *
 * @module
 */
import type { BeatTask } from "./folder_lock.ts";
import { formatBeat, tokenOf } from "./heartbeat.ts";

const scope = self as unknown as { onmessage: ((event: MessageEvent<BeatTask>) => void) | null };

scope.onmessage = ({ data: { path, token, everyMs } }) => {
  let count = 0;
  const timer = setInterval(() => {
    try {
      // Opened for every beat: a shared disk shows another's token only then.
      using file = Deno.openSync(path, { read: true, write: true });
      const text = new Uint8Array(formatBeat(token, 0).length);
      file.readSync(text);
      // Another process has taken this one for dead, and must not be disturbed.
      if (tokenOf(new TextDecoder().decode(text)) !== token) return clearInterval(timer);
      file.seekSync(0, Deno.SeekMode.Start);
      file.writeSync(formatBeat(token, ++count));
    } catch {
      // The disk fails for a moment, or the file is gone: the next save reports what matters.
    }
  }, everyMs);
};

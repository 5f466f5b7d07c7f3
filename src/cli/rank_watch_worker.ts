/**
 * Watches the other ranks in a thread of its own, since the main thread may wait for the GPU, or for a rank that will
 * never answer. When one is lost, the first one that notices says so, and all end.
 *
 * @module
 */
import { exitAtOnce } from "../distributed/mpi_library.ts";
import { RankBoard } from "../distributed/rank_board.ts";
import { describeMissing } from "../ranks/work_ledger.ts";
import type { FromRankWatch, ToRankWatch, WatchStart } from "../distributed/world.ts";
import { errorLines } from "./error_lines.ts";
import { writeStderr } from "./terminal.ts";

/** Milliseconds between looks. */
const EVERY_MS = 1000;

/** Milliseconds in which a rank that failed may still print its own line before all are ended. */
const LAST_WORDS_MS = 1000;

/** mpirun ends the others at once when it notices that one was killed. */
const SIGNALS: readonly Deno.Signal[] = ["SIGTERM", "SIGINT"];

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToRankWatch>) => void) | null;
  postMessage(message: FromRankWatch): void;
};

/** Where it is written what each rank has done; null if that cannot be told. */
let ledger: string | null = null;

scope.onmessage = ({ data }) => {
  if ("ledger" in data) ledger = data.ledger;
  else watch(data);
};

function watch({ folder, rank, size, library, hint }: WatchStart): void {
  const board = RankBoard.watch(folder, rank, size);
  let ended = false;
  const look = () => {
    if (ended) return;
    const failed = board.hasFailed();
    const lost = board.lost();
    if (!failed && lost.length === 0) return;
    ended = true;
    if (!failed) {
      const names = lost.length === 1 ? `rank ${lost[0]}` : `ranks ${lost.join(", ")}`;
      const missing = ledger === null ? null : describeMissing(ledger, lost);
      const what = `${names} of ${size} ended without a word: killed, or out of memory` +
        (missing === null ? "" : `; ${missing}`);
      if (board.fail(what)) writeStderr(`error: ${errorLines(`${what}\nhint: ${hint}`)}\n`);
    }
    setTimeout(() => exitAtOnce(library, 1), failed ? LAST_WORDS_MS : 0);
  };
  setInterval(look, EVERY_MS);
  for (const signal of SIGNALS) Deno.addSignalListener(signal, look);
  scope.postMessage("watching");
}

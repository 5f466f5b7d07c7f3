/** Tasks on several ranks, up to where MPI begins; `deno task test:mpi` tests the rest. */
import assert from "node:assert/strict";
import { describeStart } from "../../src/cli/distributed.ts";
import { RankBoard } from "../../src/distributed/rank_board.ts";
import { command as train } from "../../tasks/train.ts";
import { runInProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("train --distributed: without run.sh it prints the command that starts it", async () => {
  const { code, stderr } = await runInProcess(train(), ["--distributed", "--epochs", "1"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error: Cannot run train on several ranks: .*\nhint: mpirun -np 2 sh tasks\/run\.sh train /,
  );
  assert.match(describeStart("train", ["--run", "a b"]), /run\.sh train --run 'a b'$/);
});

Deno.test("RankBoard: a rank is lost when its lock is free, and only the first failure speaks", () =>
  inTempFolder(async (folder) => {
    const first = await RankBoard.join(`${folder}/board`, 0, 2);
    const second = await RankBoard.join(`${folder}/board`, 1, 2);
    assert.deepEqual([first.lost(), second.lost(), first.hasFailed()], [[], [], false]);
    assert.deepEqual(RankBoard.watch(`${folder}/board`, 0, 2).lost(), []);
    await second.leave();
    assert.deepEqual(first.lost(), [1]);
    assert.deepEqual([first.fail("disk full"), first.fail("again"), first.hasFailed()], [true, false, true]);
    await first.leave();
    assert.deepEqual([...Deno.readDirSync(folder)], [], "the first rank removes the folder");
  }));

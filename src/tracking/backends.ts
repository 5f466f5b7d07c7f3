/**
 * The list of tracking backends. A new one is a file that exports its opener, and a line here.
 *
 * @module
 */
import type { OpenBackend } from "./backend.ts";
import { openSwanLabFile } from "./swanlab_file.ts";
import { openSwanLabServer } from "./swanlab_thread.ts";
import { openTensorBoard } from "./tensorboard.ts";

/** All backends, in the order in which they record. */
export const BACKENDS: readonly OpenBackend[] = [openTensorBoard, openSwanLabFile, openSwanLabServer];

/**
 * Folders of images without annotations.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Problem } from "../coco/problems.ts";
import { readImageSize } from "../image/header.ts";
import { createLabelMap } from "../image/label_map.ts";
import { unreadableImage } from "./listed_file.ts";
import { createSample, type Sample } from "./samples.ts";
import type { Split } from "./dataset_source.ts";
import { listImageFiles } from "./splits.ts";

/**
 * The images of a folder without annotations as samples with empty label maps, by name, and the problems of skipped
 * files. The label maps prove nothing: nobody annotated the images.
 */
export async function readUnlabeled(split: Split): Promise<{ samples: Sample[]; problems: Problem[] }> {
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  for (const [id, fileName] of (await listImageFiles(split)).entries()) {
    try {
      const size = readImageSize(await readBounded(join(split.folder, fileName), MAX_BYTES));
      const content = JSON.stringify(["unlabelled", size.width, size.height]);
      const key = createHash("sha256").update(content).digest("hex");
      const labels = {
        labelMap: () => Promise.resolve(createLabelMap(size)),
        labelKey: () => Promise.resolve(key),
      };
      samples.push(createSample(split, { id, fileName, ...size, state: "unannotated", ...labels }));
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      problems.push(unreadableImage(split, { id, fileName }, error));
    }
  }
  return { samples, problems };
}

/**
 * Folders of images that nobody annotated.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createMask } from "../image/mask.ts";
import { readImageSize } from "../image/header.ts";
import type { Problem } from "../coco/problems.ts";
import { imageProblem, type Sample } from "./samples.ts";
import { listImageFiles, type Split } from "./splits.ts";

/**
 * The images of a folder without annotation file as samples with empty masks, by name, and what is wrong with the
 * files that are left out. Nothing is to be concluded from the empty masks: nobody looked.
 */
export async function readUnlabelled(split: Split): Promise<{ samples: Sample[]; problems: Problem[] }> {
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  for (const [imageId, fileName] of (await listImageFiles(split.folder)).entries()) {
    const imagePath = join(split.folder, fileName);
    try {
      const { width, height } = readImageSize(await Deno.readFile(imagePath));
      const key = createHash("sha256").update(JSON.stringify(["unlabelled", width, height])).digest("hex");
      samples.push({
        split: split.name,
        imageId,
        fileName,
        imagePath,
        width,
        height,
        annotated: false,
        mask: () => createMask({ width, height }),
        maskKey: () => key,
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      const reason = (error as Error).message.split("\n")[0]!;
      problems.push(imageProblem(split, { id: imageId, fileName }, "unreadable-image", reason));
    }
  }
  return { samples, problems };
}

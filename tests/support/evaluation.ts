/**
 * A small evaluation of images with and without foreground.
 *
 * @module
 */
import { type ImageScore, scoreImage } from "../../src/evaluation/image_score.ts";
import { drawMask } from "./masks.ts";

/** Four images of 10 pixels: one partly found, one missed, one correctly empty, one with false positives only. */
export function exampleScores(): ImageScore[] {
  const empty = drawMask(".....", ".....");
  return [
    scoreImage("part.jpg", drawMask("###..", "....#"), drawMask(".###.", "....."), {}),
    scoreImage("missed.jpg", empty, drawMask("#...#", ".....")),
    scoreImage("healthy.jpg", empty, empty),
    scoreImage("marked.jpg", drawMask("#.#..", "....#"), empty),
  ];
}

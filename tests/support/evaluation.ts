/**
 * A small evaluation of images with and without tumor.
 *
 * @module
 */
import { type ImageScore, scoreImage } from "../../src/evaluation/summary.ts";
import { drawMask } from "./masks.ts";

/** Four images: one met in part, one missed, one rightly empty, one wrongly marked; 40 pixels in all. */
export function exampleScores(): ImageScore[] {
  const empty = drawMask(".....", ".....");
  return [
    scoreImage("part.jpg", drawMask("###..", "....#"), drawMask(".###.", "....."), {}),
    scoreImage("missed.jpg", empty, drawMask("#...#", ".....")),
    scoreImage("healthy.jpg", empty, empty),
    scoreImage("marked.jpg", drawMask("#.#..", "....#"), empty),
  ];
}

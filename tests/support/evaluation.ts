/**
 * A small evaluation of pictures with and without tumor.
 *
 * @module
 */
import { type PictureScore, scorePicture } from "../../src/evaluation/summary.ts";
import { drawMask } from "./masks.ts";

/** Four pictures: one met in part, one missed, one rightly empty, one wrongly marked; 40 pixels in all. */
export function exampleScores(): PictureScore[] {
  const empty = drawMask(".....", ".....");
  return [
    scorePicture("part.jpg", drawMask("###..", "....#"), drawMask(".###.", "....."), {}),
    scorePicture("missed.jpg", empty, drawMask("#...#", ".....")),
    scorePicture("healthy.jpg", empty, empty),
    scorePicture("marked.jpg", drawMask("#.#..", "....#"), empty),
  ];
}

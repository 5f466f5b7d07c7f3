import { readCoco } from "../coco/coco.ts";
export const zz = readCoco;

/**
 * The eight EXIF orientations: how the stored rows and columns lie on the displayed image.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageNote, Raster, SampleData, Size } from "./image.ts";

/** What is done to display an image of each orientation, from 1, which is upright, to 8. */
const TURNS = [
  "",
  "mirrored left to right",
  "rotated by 180 degrees",
  "mirrored top to bottom",
  "transposed",
  "rotated by 90 degrees clockwise",
  "transposed and rotated by 180 degrees",
  "rotated by 90 degrees counterclockwise",
] as const;

/** For each orientation, whether the stored columns run from right to left, and the stored rows from bottom to top. */
const MIRRORS = [
  [false, false],
  [true, false],
  [true, true],
  [false, true],
  [false, false],
  [false, true],
  [true, true],
  [true, false],
] as const;

/** What the EXIF orientation does to an image, in words; null for upright ones. */
export function describeTurn(orientation: number): string | null {
  return TURNS[orientation - 1] || null;
}

/** The note on an orientation that is applied; none for upright images. */
export function orientationNote(orientation: number): ImageNote[] {
  const turn = describeTurn(orientation);
  if (turn === null) return [];
  const message = `${turn}, as EXIF orientation ${orientation} says; outlines must fit the rotated image`;
  return [{ kind: "orientation", message }];
}

/** The size of the displayed image: orientations 5 to 8 swap rows and columns. */
export function orientSize({ width, height }: Size, orientation: number): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** The displayed image. */
export function orientRaster<Data extends SampleData>(
  raster: Raster<Data>,
  orientation: number,
): Raster<Data> {
  return { ...raster, ...orientSamples(raster, orientation) };
}

/** The samples and the size of the displayed image, of any number of channels next to each other. */
export function orientSamples<Data extends SampleData>(
  image: Size & { readonly channels: number; readonly data: Data },
  orientation: number,
): Size & { readonly data: Data } {
  const { channels, data } = image;
  const { width, height } = orientSize(image, orientation);
  if (describeTurn(orientation) === null) return { width, height, data };
  // Where the first displayed pixel is stored, and the steps to its right and lower neighbors.
  const swaps = orientation >= 5;
  const [mirrorX, mirrorY] = MIRRORS[orientation - 1]!;
  const stepX = channels * (mirrorX ? -1 : 1);
  const stepY = channels * image.width * (mirrorY ? -1 : 1);
  const first = channels *
    ((mirrorX ? image.width - 1 : 0) + image.width * (mirrorY ? image.height - 1 : 0));
  const [right, down] = swaps ? [stepY, stepX] : [stepX, stepY];
  const rotated = data.slice() as Data;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = first + y * down; x < width; x++, from += right) {
      for (let channel = 0; channel < channels; channel++) rotated[to++] = data[from + channel]!;
    }
  }
  return { width, height, data: rotated };
}

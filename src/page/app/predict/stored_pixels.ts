/**
 * From the samples that a file stores to pixels, for TIFF, which most browsers do not read.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { dropColor, type Raster } from "../../../image/image.ts";
import { LABEL_CHANNELS, type LabelImage } from "../../../image/label_image.ts";

/** The pixels of stored samples of up to 8 bits: gray is scaled, a palette is looked up, alpha is dropped. */
export function storedPixels({ kind, width, height, bits, data, palette, whiteIsZero }: LabelImage): Raster {
  if (kind === "grey") {
    const white = 2 ** Math.min(8, bits) - 1;
    const gray = Uint8Array.from(data, (value) => 255 / white * (whiteIsZero ? white - value : value));
    return { width, height, channels: 1, data: gray };
  }
  const rgb = new Uint8Array(3 * width * height);
  const [source, step] = kind === "index" ? [palette!, 3] : [data, LABEL_CHANNELS[kind]];
  for (let i = 0, to = 0; to < rgb.length; i++) {
    const from = step * (kind === "index" ? data[i]! : i);
    if (from + 3 > source.length) {
      throw new SyntaxError(`Cannot decode the image: a pixel has color ${from / 3} of ${source.length / 3}`);
    }
    for (let channel = 0; channel < 3; channel++) rgb[to++] = source[from + channel]!;
  }
  return dropColor({ width, height, data: rgb });
}

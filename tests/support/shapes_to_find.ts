/**
 * Small images with objects to segment, for tests that train.
 *
 * @module
 */
import type { Tensor } from "../../src/tensor.ts";
import { Random } from "./random.ts";

/** A batch and its masks. */
export interface Batch {
  /** [count, 3, size, size], about normalized. */
  readonly images: Tensor;
  /** [count, classes, size, size], 0 or 1. */
  readonly masks: Tensor;
}

/** Bright discs of different sizes and places on noise; each class has discs of its own, in its own color channel. */
export function discs(seed: number, count: number, size: number, classes = 1): Batch {
  const random = new Random(seed);
  const plane = size * size;
  const images = random.floats(count * 3 * plane);
  const masks = new Float32Array(count * classes * plane);
  for (let disc = 0; disc < count * classes; disc++) {
    const [x, y] = [size * (0.3 + 0.4 * random.next()), size * (0.3 + 0.4 * random.next())];
    const radius = size * (0.1 + 0.15 * random.next());
    const image = Math.floor(disc / classes);
    for (let pixel = 0; pixel < plane; pixel++) {
      if ((pixel % size - x) ** 2 + (Math.floor(pixel / size) - y) ** 2 > radius ** 2) continue;
      masks[disc * plane + pixel] = 1;
      images[(image * 3 + disc % classes % 3) * plane + pixel]! += 1.5;
    }
  }
  return {
    images: { shape: [count, 3, size, size], data: images },
    masks: { shape: [count, classes, size, size], data: masks },
  };
}

/** Some images of a batch. */
export function cut({ images, masks }: Batch, first: number, end: number): Batch {
  const part = ({ shape, data }: Tensor): Tensor => {
    const size = data.length / shape[0]!;
    return { shape: [end - first, ...shape.slice(1)], data: data.slice(first * size, end * size) };
  };
  return { images: part(images), masks: part(masks) };
}

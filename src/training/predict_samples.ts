/**
 * Predicts validation samples with the weights of the moment.
 *
 * @module
 */
import { logitsByWindows } from "../prediction/windows.ts";
import type { Tensor } from "../tensor.ts";
import { headOf } from "../unet/config.ts";
import { probabilities } from "../unet/probabilities.ts";
import type { UNet } from "../unet/unet.ts";

/** The class probabilities of a batch; of a single image by windows, if the network is trained on patches. */
export async function predictSamples(unet: UNet, images: Tensor, patch: number | undefined): Promise<Tensor> {
  if (patch === undefined) return await unet.predict(images);
  const image = { shape: images.shape.slice(1), data: images.data };
  return probabilities(await logitsByWindows(unet, image, patch), headOf(unet.config));
}

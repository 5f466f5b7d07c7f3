/**
 * Predicts the mask of one image and saves it as a PNG:
 *
 *     deno run --allow-read --allow-write=predictions examples/predict_image.ts MODEL IMAGE predictions/mask.png
 *
 * MODEL is a model file of this project, or a state dict of the original as .pth or .safetensors.
 */
// deno-lint-ignore-file no-console
import { decodeImage, encodeGrayPng, openGpu, Predictor, readModel, segment } from "../mod.ts";

const [modelPath, imagePath, output = "predictions/mask.png"] = Deno.args;
if (modelPath === undefined || imagePath === undefined) {
  console.error("usage: predict_image.ts MODEL IMAGE [OUTPUT]");
  Deno.exit(2);
}
const image = await decodeImage(await Deno.readFile(imagePath));
const model = await readModel(await Deno.readFile(modelPath));

const gpu = await openGpu();
const predictor = await Predictor.create(gpu, model);
const [probabilities] = await predictor.predict([image]);
// Probabilities are resized to the image before they are thresholded.
const { mask, summary } = segment(probabilities!, image, { threshold: model.description.threshold });
await Deno.writeFile(output, await encodeGrayPng({ ...mask, data: mask.data.map((value) => 255 * value) }));
console.log(`${summary.area} foreground pixels in ${summary.lesions.length} components; wrote ${output}`);
gpu.close();

/**
 * The network of spot_model.ts on the test device. A file of its own: tests that import it open a GPU.
 *
 * @module
 */
import { Predictor } from "../../src/prediction/predictor.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { spotModel } from "./spot_model.ts";
import { openTestGpu } from "./test_gpu.ts";

let shared: Promise<Predictor> | undefined;

/** The model with its defaults, on the test device: one for all tests of a process, to be left open. */
export function spotPredictor(): Promise<Predictor> {
  return shared ??= openTestGpu().then(async (gpu) =>
    await Predictor.create(gpu, await readModel(spotModel()))
  );
}

/** Batched GEMM in the sizes of Winograd F(4x4) with 32, 64 and 256 channels. */
import {
  GEMM_TILES,
  gemmNn,
  gemmNnUniform,
  gemmTiled,
  type GemmTileName,
  UNIFORM_WINDOW,
  uniformLayers,
} from "../../kernels/gemm/gemm.ts";
import { benchKernel } from "../support/kernel_bench.ts";

for (const [channels, tiles] of [[32, 4096], [64, 1024], [256, 64]] as const) {
  const shape = { rows: channels, columns: tiles, depth: channels, layers: 36 };
  const operations = 2 * channels * channels * tiles;
  const [a, b] = [channels * channels, channels * tiles];
  const title = `${channels} x ${channels} by ${channels} x ${tiles}`;
  benchKernel(`36 of ${title}`, gemmNn(shape), { a: 36 * a, b: 36 * b, c: 36 * b }, 36 * operations);
  for (const name of Object.keys(GEMM_TILES) as GemmTileName[]) {
    const bindings = { a: 36 * a, b: 36 * b, c: 36 * b };
    benchKernel(`36 of ${title}, ${name}`, gemmTiled(name, shape), bindings, 36 * operations);
  }
  const layers = uniformLayers(shape);
  if (layers === 0) continue;
  const bindings = { a: UNIFORM_WINDOW, b: 36 * b, c: 36 * b };
  benchKernel(`${layers} of ${title}`, gemmNnUniform({ ...shape, layers }, 0), bindings, layers * operations);
}

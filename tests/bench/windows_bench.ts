/** Adding up the logits of 4 windows of 256 x 256, in a band of an image of 1024 columns. */
import { accumulateWindows, packPlaces } from "../../kernels/windows/windows.ts";
import { Program } from "../../src/graph/program.ts";
import { benchGpu } from "../support/kernel_bench.ts";

const SHAPE = { side: 256, width: 1024, classes: 1, most: 4 };

const ONES = new Float32Array(SHAPE.side).fill(1);

/** Windows that overlap by half, after others that have written the band already. */
const PLACES = {
  top: 0,
  newRow: SHAPE.side,
  newColumn: SHAPE.width,
  rows: ONES,
  starts: [0, 128, 256, 384],
  columns: [ONES, ONES, ONES, ONES],
};

const OPERANDS = [
  new Float32Array(SHAPE.most * SHAPE.side ** 2),
  packPlaces(PLACES, SHAPE),
  new Float32Array(SHAPE.side * SHAPE.width),
];

const bytes = OPERANDS.reduce((sum, { byteLength }) => sum + byteLength, OPERANDS[2]!.byteLength);

benchGpu("windows/accumulate: 4 windows of 256 x 256", { bytes }, async (gpu) => {
  const buffers = await Promise.all(OPERANDS.map(async (values) => {
    const buffer = await gpu.createBuffer("operand", values.byteLength);
    gpu.write(buffer, 0, values);
    return buffer;
  }));
  const views = OPERANDS.map(({ byteLength }, buffer) => ({ buffer, offset: 0, byteLength }));
  const program = await Program.create(gpu, [{ dispatch: accumulateWindows(SHAPE, 640), views }], buffers);
  return {
    async run(times: number): Promise<void> {
      gpu.run((pass) => {
        for (let i = 0; i < times; i++) program.encode(pass);
      });
      await gpu.idle();
    },
  };
});

import assert from "node:assert/strict";
import { accumulateWindows, packPlaces } from "../../kernels/windows/windows.ts";
import { windowAxis } from "../../src/prediction/window_grid.ts";
import { slide } from "../reference/windows.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

Deno.test("accumulateWindows: bands of windows equal the weighted mean over the whole image", async () => {
  const [side, classes, most] = [16, 3, 2];
  for (const [height, width] of [[16, 16], [40, 45], [29, 100]] as const) {
    const [rows, columns] = [windowAxis(height, side), windowAxis(width, side)];
    const random = new Random(width);
    const all = new Map<string, Float32Array>();
    for (const top of rows.starts) {
      for (const left of columns.starts) {
        all.set(`${top} ${left}`, random.floats(classes * side * side, -3, 3));
      }
    }
    const shape = { side, width, classes, most };
    const size = classes * side * side;
    // NaN: what no window wrote must not be read.
    let sums = new Float32Array(classes * side * width).fill(NaN);
    const found = new Float64Array(classes * height * width);
    for (const [index, top] of rows.starts.entries()) {
      for (let first = 0; first < columns.starts.length; first += most) {
        const starts = columns.starts.slice(first, first + most);
        const logits = new Float32Array(starts.length * size);
        starts.forEach((left, window) => logits.set(all.get(`${top} ${left}`)!, window * size));
        const places = packPlaces({
          top,
          newRow: index === 0 ? 0 : rows.starts[index - 1]! + side - top,
          newColumn: first === 0 ? 0 : columns.starts[first - 1]! + side,
          rows: rows.weights[index]!,
          starts,
          columns: columns.weights.slice(first, first + most),
        }, shape);
        ({ sums } = await runKernel(gpu, accumulateWindows(shape, side + (most - 1) * side / 2), {
          logits,
          places,
          sums,
        }));
      }
      for (let y = top; y < (rows.starts[index + 1] ?? height); y++) {
        for (let c = 0; c < classes; c++) {
          for (let x = 0; x < width; x++) {
            found[(c * height + y) * width + x] = sums[(c * side + y % side) * width + x]!;
          }
        }
      }
    }
    const expected = slide(height, width, side, classes, (top, left) => all.get(`${top} ${left}`)!);
    assertClose(found, expected, { absolute: 3e-6, label: `${height} x ${width}` });
  }
});

Deno.test("accumulateWindows: a single window keeps every bit, that of -0, too", async () => {
  const shape = { side: 4, width: 4, classes: 1, most: 1 };
  const axis = windowAxis(4, 4);
  const logits = Float32Array.from({ length: 16 }, (_, at) => at === 3 ? -0 : (at - 7) / 3);
  const places = packPlaces(
    { top: 0, newRow: 0, newColumn: 0, rows: axis.weights[0]!, starts: [0], columns: axis.weights },
    shape,
  );
  const { sums } = await runKernel(gpu, accumulateWindows(shape, 4), {
    logits,
    places,
    sums: new Float32Array(16).fill(NaN),
  });
  assert.deepEqual(sums, logits);
});

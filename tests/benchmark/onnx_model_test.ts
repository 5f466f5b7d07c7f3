import assert from "node:assert/strict";
import { type ProtobufField, readFields } from "../../src/tracking/protobuf.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { parameterTable } from "../../src/unet/parameters.ts";
import { unetModel } from "../bench/peers/onnx_model.ts";

const text = (value: ProtobufField["value"]) => new TextDecoder().decode(value as Uint8Array);

/** The values of all fields with this number. */
function all(bytes: ProtobufField["value"], number: number): ProtobufField["value"][] {
  return [...readFields(bytes as Uint8Array)].filter((field) => field.number === number).map(({ value }) =>
    value
  );
}

Deno.test("unetModel: nodes are in topological order, and parameters have their names and sizes", () => {
  const [graph] = all(unetModel(2, 3, 64), 7);
  const initializers = all(graph!, 5).map((tensor) => ({
    name: text(all(tensor, 8)[0]!),
    shape: all(tensor, 1).map(Number),
    byteLength: (all(tensor, 9)[0] as Uint8Array).length,
  }));
  const { list } = parameterTable(completeConfig({ filters: 2 }));
  assert.deepEqual(
    initializers,
    list.map(({ name, shape, size }) => ({ name, shape: [...shape], byteLength: 4 * size })),
  );
  const known = new Set(["images", ...initializers.map(({ name }) => name)]);
  const used = new Set<string>();
  const types: Record<string, number> = {};
  for (const node of all(graph!, 1)) {
    for (const input of all(node, 1).map(text)) {
      assert.ok(known.has(input), `"${input}" is read before it is computed`);
      used.add(input);
    }
    const type = text(all(node, 4)[0]!);
    types[type] = (types[type] ?? 0) + 1;
    known.add(text(all(node, 2)[0]!));
  }
  assert.deepEqual(types, { Conv: 23, Relu: 22, MaxPool: 5, ConvTranspose: 5, Concat: 5, Sigmoid: 1 });
  assert.deepEqual([...known].filter((name) => !used.has(name)), ["probabilities"]);
});

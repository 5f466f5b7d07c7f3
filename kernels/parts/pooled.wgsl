// Part of the kernels of max-pooling: which pooled values an invocation owns. Division is slow on software adapters, so
// an invocation divides once for its run, 8 values apart: these adapters run 8 invocations in step, one such group after
// the other, and memory should be read in order.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
const NEIGHBORS: u32 = 8u;

struct Params {
  height: u32, // of the pooled tensor
  width: u32,
  count: u32, // of pooled values
  run: u32,   // of pooled values per invocation
}

struct Place {
  index: u32,
  row: u32, // counted across planes
  column: u32,
}

fn first_place(invocation: u32) -> Place {
  let index = invocation / NEIGHBORS * NEIGHBORS * params.run + invocation % NEIGHBORS;
  return Place(index, index / params.width, index % params.width);
}

fn next_place(place: Place) -> Place {
  let column = place.column + NEIGHBORS;
  // A row of fewer values may end several times.
  if (params.width < NEIGHBORS) {
    return Place(place.index + NEIGHBORS, place.row + column / params.width, column % params.width);
  }
  let wrapped = column >= params.width;
  return Place(
    place.index + NEIGHBORS,
    select(place.row, place.row + 1u, wrapped),
    select(column, column - params.width, wrapped),
  );
}

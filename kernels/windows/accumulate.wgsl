// Adds the weighted logits of windows of one row to a band of the image: sums[c, slot, x] += row_weight * column_weight *
// logit, in the order of the windows. A row of the image has the slot (row mod side), so that bands need not move; what no
// earlier window wrote is overwritten.
// Layout: logits [window, class, row, column]; sums [class, slot, column of the image]; places: number of windows, slot of
// the first row, first row and first column that no earlier window wrote, then the row weights, the first column of each
// window, and its column weights.
// Work: one invocation per column of the windows together, workgroups.y counts rows, workgroups.z classes.
// Host: kernels/windows/windows.ts. Test: tests/kernels/windows_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  side: u32,      // rows and columns of a window
  width: u32,     // columns of the image
  classes: u32,
  most: u32,      // windows for which places has room
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> places: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let side = params.side;
  let count = u32(places[0]);
  let starts = 4u + side;
  let column = u32(places[starts]) + group.x * WORKGROUP + lane;
  let row = group.y;
  let class_index = group.z;
  if (column >= params.width || column >= u32(places[starts + count - 1u]) + side) {
    return;
  }
  let slot = (u32(places[1]) + row) % side;
  let at = (class_index * side + slot) * params.width + column;
  let is_new = f32(row) >= places[2] && f32(column) >= places[3];
  // Adding to -0 changes no bit.
  var sum = select(sums[at], bitcast<f32>(0x80000000u), is_new);
  let row_weight = places[4u + row];
  for (var window = 0u; window < count; window++) {
    let start = u32(places[starts + window]);
    if (column >= start && column < start + side) {
      let weight = row_weight * places[starts + params.most + window * side + column - start];
      sum += weight * logits[((window * params.classes + class_index) * side + row) * side + column - start];
    }
  }
  sums[at] = sum;
}

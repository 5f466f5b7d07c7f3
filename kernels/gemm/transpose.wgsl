// Transposes a matrix: b[k][m] = a[m][k]. Turns OIHW weights into a left operand with k outermost.
// Layout: row-major, rows m and columns k multiples of 4.
// Work: one invocation per 4 x 4 block, a workgroup per square of 8 x 8 blocks: it writes whole cache lines. The grid is
// folded (flatGrid in kernels/grid.ts).
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const SIDE: u32 = 8u;
const WORKGROUP: u32 = SIDE * SIDE;

struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // k / 4
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let square = group.y * groups.x + group.x;
  let across = (params.column_vectors + SIDE - 1u) / SIDE;
  let row = square / across * SIDE + lane % SIDE;
  let column = square % across * SIDE + lane / SIDE;
  if (row >= params.row_vectors || column >= params.column_vectors) {
    return;
  }
  let start = row * 4u * params.column_vectors + column;
  let step = params.column_vectors;
  let block = transpose(mat4x4f(a[start], a[start + step], a[start + 2u * step], a[start + 3u * step]));
  let to = column * 4u * params.row_vectors + row;
  b[to] = block[0];
  b[to + params.row_vectors] = block[1];
  b[to + 2u * params.row_vectors] = block[2];
  b[to + 3u * params.row_vectors] = block[3];
}

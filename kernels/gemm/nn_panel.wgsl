// The GEMM of nn.wgsl for software adapters with subgroups of 8 and sums of 16 or 32 terms; see nn_wide.wgsl. A panel of
// a is loaded once for many columns, and no loop runs over terms: zeroing, masking and storing a large tile cost more
// than so few terms. Each sum takes its terms in the order of nn.wgsl: identical bits.
// Layout: as in nn.wgsl; rows m a multiple of 32.
// Work: one subgroup per 32 rows, 4 rows per invocation, and `run` vectors of 4 columns, one after the other.
// workgroups.y counts z.
// Parts: outer.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup: an idle second one would still compute
const DEPTH: u32 = 32u;    // k; or 16

struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  runs: u32,           // runs of columns
  run: u32,            // vectors of columns per run; the last may be shorter
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

var<private> panel: array<vec4f, DEPTH>;

// Adds 8 terms to the sums of 4 columns. Each invocation has fetched the columns' values of another term.
fn add_terms(sums: mat4x4f, fetched: vec4f, first: u32) -> mat4x4f {
  var result = sums;
  result += outer(subgroupBroadcast(fetched, 0u), panel[first]);
  result += outer(subgroupBroadcast(fetched, 1u), panel[first + 1u]);
  result += outer(subgroupBroadcast(fetched, 2u), panel[first + 2u]);
  result += outer(subgroupBroadcast(fetched, 3u), panel[first + 3u]);
  result += outer(subgroupBroadcast(fetched, 4u), panel[first + 4u]);
  result += outer(subgroupBroadcast(fetched, 5u), panel[first + 5u]);
  result += outer(subgroupBroadcast(fetched, 6u), panel[first + 6u]);
  result += outer(subgroupBroadcast(fetched, 7u), panel[first + 7u]);
  return result;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let z = group.y;
  let row = group.x / params.runs * 8u + subgroup_lane;
  let first = group.x % params.runs * params.run;
  let end = min(params.column_vectors, first + params.run);
  for (var k = 0u; k < DEPTH; k++) {
    panel[k] = a[(z * DEPTH + k) * params.row_vectors + row];
  }
  let rows_of_b = (z * DEPTH + subgroup_lane) * params.column_vectors;
  let step = 8u * params.column_vectors;
  let start = (z * params.row_vectors + row) * 4u * params.column_vectors;
  for (var column = first; column < end; column++) {
    let at = rows_of_b + column;
    var sums = add_terms(mat4x4f(), b[at], 0u);
    sums = add_terms(sums, b[at + step], 8u);
    if (DEPTH == 32u) {
      sums = add_terms(sums, b[at + 2u * step], 16u);
      sums = add_terms(sums, b[at + 3u * step], 24u);
    }
    let block = transpose(sums);
    let to = start + column;
    c[to] = block[0];
    c[to + params.column_vectors] = block[1];
    c[to + 2u * params.column_vectors] = block[2];
    c[to + 3u * params.column_vectors] = block[3];
  }
}

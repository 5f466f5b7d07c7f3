// winograd4_output.wgsl for software adapters with subgroups of exactly 8, the same bits: an invocation loads the values
// of two neighboring tiles as one word, and exchanges one of them with its neighbor.
// Layout: m[36][rows][padded_tiles]; y NCHW, height and width multiples of 4.
// Work: one invocation per 4 x 4 tile and channel.
// Parts: epilogue.wgsl, quotient.wgsl, relu.wgsl, winograd4_result.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 256u; // a workgroup costs a software adapter as much as 40 loads

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> m: array<vec2f>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// This tile's values at two positions: even invocations load both tiles' values at the first, odd ones at the second.
fn load_two(at: u32, odd: bool) -> vec2f {
  let loaded = m[at];
  let received = subgroupShuffleXor(select(loaded.y, loaded.x, odd), 1u);
  return select(vec2f(loaded.x, received), vec2f(received, loaded.y), odd);
}

fn load_row(at: u32, step: u32, odd: bool) -> Row {
  let a = load_two(at, odd);
  let b = load_two(at + step, odd);
  let c = load_two(at + 2u * step, odd);
  return Row(a.x, a.y, b.x, b.y, c.x, c.y);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let item = (group.y * groups.x + group.x) * WORKGROUP + index;
  let odd = index % 2u == 1u;
  // Past the end, values are loaded but not stored: shuffles need every invocation.
  let output = min(quotient(item, params.padded_tiles), params.count - 1u);
  let tile = min(item - output * params.padded_tiles, params.padded_tiles - 2u + index % 2u);
  let step = params.rows * params.padded_tiles;
  let pair_of_tiles = ((params.first_row + output) * params.padded_tiles + tile) / 2u;
  let at = pair_of_tiles + select(0u, step / 2u, odd);
  let r0 = load_row(at, step, odd);
  let r1 = load_row(at + 3u * step, step, odd);
  let r2 = load_row(at + 6u * step, step, odd);
  let r3 = load_row(at + 9u * step, step, odd);
  let r4 = load_row(at + 12u * step, step, odd);
  let r5 = load_row(at + 15u * step, step, odd);
  if (item < params.count * params.padded_tiles && tile < params.tiles) {
    store_tile(params.first_tile + tile, output, r0, r1, r2, r3, r4, r5);
  }
}

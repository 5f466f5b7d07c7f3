// Winograd F(4x4, 3x3), output: y = A^T m A for each tile, followed by the convolution's epilogue.
// Layout: m[36][rows][padded_tiles]; y NCHW, height and width multiples of 4.
// Work: one invocation per 4 x 4 tile; workgroups.y counts channels.
// Parts: epilogue.wgsl, relu.wgsl, winograd4_result.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

fn load_row(at: u32, step: u32) -> Row {
  return Row(
    m[at],
    m[at + step],
    m[at + 2u * step],
    m[at + 3u * step],
    m[at + 4u * step],
    m[at + 5u * step],
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x * WORKGROUP + lane;
  if (tile >= params.tiles) {
    return;
  }
  let start = (params.first_row + group.y) * params.padded_tiles + tile;
  let step = params.rows * params.padded_tiles;
  let r0 = load_row(start, step);
  let r1 = load_row(start + 6u * step, step);
  let r2 = load_row(start + 12u * step, step);
  let r3 = load_row(start + 18u * step, step);
  let r4 = load_row(start + 24u * step, step);
  let r5 = load_row(start + 30u * step, step);
  store_tile(params.first_tile + tile, group.y, r0, r1, r2, r3, r4, r5);
}

// winograd4_output.wgsl for pairs of neighboring tiles, the same bits: software adapters load two values as one word of 64
// bits.
// Layout: m[36][rows][padded_tiles]; y NCHW, height and width multiples of 4.
// Work: one invocation per two tiles; workgroups.y counts channels.
// Parts: epilogue.wgsl, relu.wgsl, winograd4_result.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> m: array<vec2f>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// Six values of one row of both tiles.
struct Rows {
  left: Row,
  right: Row,
}

fn load_rows(at: u32, step: u32) -> Rows {
  let m0 = m[at];
  let m1 = m[at + step];
  let m2 = m[at + 2u * step];
  let m3 = m[at + 3u * step];
  let m4 = m[at + 4u * step];
  let m5 = m[at + 5u * step];
  return Rows(Row(m0.x, m1.x, m2.x, m3.x, m4.x, m5.x), Row(m0.y, m1.y, m2.y, m3.y, m4.y, m5.y));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = (group.x * WORKGROUP + lane) * 2u;
  if (tile >= params.tiles) {
    return;
  }
  let start = ((params.first_row + group.y) * params.padded_tiles + tile) / 2u;
  let step = params.rows * params.padded_tiles / 2u;
  let r0 = load_rows(start, step);
  let r1 = load_rows(start + 6u * step, step);
  let r2 = load_rows(start + 12u * step, step);
  let r3 = load_rows(start + 18u * step, step);
  let r4 = load_rows(start + 24u * step, step);
  let r5 = load_rows(start + 30u * step, step);
  let index = params.first_tile + tile;
  store_tile(index, group.y, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
  if (tile + 1u < params.tiles) {
    store_tile(index + 1u, group.y, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
  }
}

/**
 * The inverse DCT of JPEG blocks, bit for bit as libjpeg's default ("islow", jidctint.c): the algorithm of Loeffler,
 * Ligtenberg and Moschytz (1989) in fixed point with 13 fractional bits.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Fractional bits of the constants, and of the first pass's results. */
const CONST_BITS = 13;
const PASS1_BITS = 2;

const FIX_0_298631336 = 2446;
const FIX_0_390180644 = 3196;
const FIX_0_541196100 = 4433;
const FIX_0_765366865 = 6270;
const FIX_0_899976223 = 7373;
const FIX_1_175875602 = 9633;
const FIX_1_501321110 = 12299;
const FIX_1_847759065 = 15137;
const FIX_1_961570560 = 16069;
const FIX_2_053119869 = 16819;
const FIX_2_562915447 = 20995;
const FIX_3_072711026 = 25172;

/** For the low ten bits of a sample minus 128: the sample, clamped to 0..255. */
const LIMITED: Uint8Array = Uint8Array.from({ length: 1024 }, (_, i) => {
  const value = (i < 512 ? i : i - 1024) + 128;
  return Math.min(255, Math.max(0, value));
});

/**
 * Transforms `block`, row-major and dequantized, to 8 x 8 samples at `at` of `plane` with `stride` samples per row,
 * and clears it. `columns` has a bit for each column with nonzero coefficients below the first row; it is 0 if only
 * the DC coefficient is nonzero.
 */
export function inverseCosine(
  block: Int32Array,
  columns: number,
  plane: Uint8Array,
  at: number,
  stride: number,
): void {
  if (columns === 0) {
    const sample = flatSample(block[0]! << PASS1_BITS);
    block[0] = 0;
    for (let y = 0; y < 8; y++, at += stride) fillRow(plane, at, sample);
    return;
  }
  for (let x = 0; x < 8; x++) {
    if ((columns & (1 << x)) === 0) {
      const flat = block[x]! << PASS1_BITS;
      for (let i = x; i < 64; i += 8) block[i] = flat;
    } else {
      transform(block, x, 8, CONST_BITS - PASS1_BITS);
    }
  }
  for (let y = 0; y < 64; y += 8, at += stride) {
    const ac = block[y + 1]! | block[y + 2]! | block[y + 3]! | block[y + 4]! | block[y + 5]! |
      block[y + 6]! | block[y + 7]!;
    if (ac === 0) {
      fillRow(plane, at, flatSample(block[y]!));
      block[y] = 0;
      continue;
    }
    transform(block, y, 1, CONST_BITS + PASS1_BITS + 3);
    for (let x = 0; x < 8; x++) {
      plane[at + x] = LIMITED[block[y + x]! & 1023]!;
      block[y + x] = 0;
    }
  }
}

/** The sample of a row without AC coefficients, after the first pass. */
function flatSample(value: number): number {
  return LIMITED[((value + (1 << (PASS1_BITS + 2))) >> (PASS1_BITS + 3)) & 1023]!;
}

/** Eight samples; faster than calling `fill`. */
function fillRow(plane: Uint8Array, at: number, sample: number): void {
  for (let x = at; x < at + 8; x++) plane[x] = sample;
}

/** One dimension, in place: eight values from `at` on, `step` apart, with `shift` fewer fractional bits. */
function transform(values: Int32Array, at: number, step: number, shift: number): void {
  const at1 = at + step;
  const at2 = at1 + step;
  const at3 = at2 + step;
  const at4 = at3 + step;
  const at5 = at4 + step;
  const at6 = at5 + step;
  const at7 = at6 + step;

  let z2 = values[at2]!;
  let z3 = values[at6]!;
  let z1 = Math.imul(z2 + z3, FIX_0_541196100);
  const even2 = z1 - Math.imul(z3, FIX_1_847759065);
  const even3 = z1 + Math.imul(z2, FIX_0_765366865);
  const even0 = (values[at]! + values[at4]!) << CONST_BITS;
  const even1 = (values[at]! - values[at4]!) << CONST_BITS;
  const half = 1 << (shift - 1);
  const sum0 = even0 + even3 + half;
  const sum3 = even0 - even3 + half;
  const sum1 = even1 + even2 + half;
  const sum2 = even1 - even2 + half;

  let odd0 = values[at7]!;
  let odd1 = values[at5]!;
  let odd2 = values[at3]!;
  let odd3 = values[at1]!;
  z1 = odd0 + odd3;
  z2 = odd1 + odd2;
  z3 = odd0 + odd2;
  let z4 = odd1 + odd3;
  const z5 = Math.imul(z3 + z4, FIX_1_175875602);
  z1 = -Math.imul(z1, FIX_0_899976223);
  z2 = -Math.imul(z2, FIX_2_562915447);
  z3 = z5 - Math.imul(z3, FIX_1_961570560);
  z4 = z5 - Math.imul(z4, FIX_0_390180644);
  odd0 = Math.imul(odd0, FIX_0_298631336) + z1 + z3;
  odd1 = Math.imul(odd1, FIX_2_053119869) + z2 + z4;
  odd2 = Math.imul(odd2, FIX_3_072711026) + z2 + z3;
  odd3 = Math.imul(odd3, FIX_1_501321110) + z1 + z4;

  values[at] = (sum0 + odd3) >> shift;
  values[at7] = (sum0 - odd3) >> shift;
  values[at1] = (sum1 + odd2) >> shift;
  values[at6] = (sum1 - odd2) >> shift;
  values[at2] = (sum2 + odd1) >> shift;
  values[at5] = (sum2 - odd1) >> shift;
  values[at3] = (sum3 + odd0) >> shift;
  values[at4] = (sum3 - odd0) >> shift;
}

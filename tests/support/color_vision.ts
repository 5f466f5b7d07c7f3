/**
 * How colors look with each kind of color vision: after Machado, Oliveira and Fernandes (2009), severity 1.
 *
 * @module
 */

const MATRICES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [
    -0.003882,
    -0.048116,
    1.051998,
  ]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [
    -0.01182,
    0.04294,
    0.968881,
  ]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [
    0.004733,
    0.691367,
    0.3039,
  ]],
};

/** All kinds of color vision. */
export const COLOR_VISIONS: readonly string[] = Object.keys(MATRICES);

/** An sRGB color, 0 to 255, as linear light after the loss of color vision. */
export function linearLight(color: readonly number[], vision: string): number[] {
  const linear = color.map((value) =>
    value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4
  );
  return MATRICES[vision]!.map((row) => row.reduce((sum, factor, c) => sum + factor * linear[c]!, 0));
}

/** The same in CIELAB (D65), where distances are differences that people see. */
export function labOf(color: readonly number[], vision: string): number[] {
  const [r, g, b] = linearLight(color, vision).map((value) => Math.min(1, Math.max(0, value)));
  const cube = (t: number) => t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
  const x = cube((0.4124 * r! + 0.3576 * g! + 0.1805 * b!) / 0.95047);
  const y = cube(0.2126 * r! + 0.7152 * g! + 0.0722 * b!);
  const z = cube((0.0193 * r! + 0.1192 * g! + 0.9505 * b!) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

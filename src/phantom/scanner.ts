/**
 * What a scanner makes of gray values: field, brightness, contrast and noise.
 * This module is browser compatible.
 *
 * @module
 */
import { noise2, type PhantomRandom, smoothStep } from "./noise.ts";

/** A range to draw from. */
type Between = readonly [low: number, high: number];

/** Ranges from which each image draws its own values. */
export interface ScannerSettings {
  /**
   * `mri`: a smooth field multiplies the signal, and the noise is that of a magnitude. `ct`: rays through the skull
   * harden, so that the middle darkens; the noise is additive and grainy, and values end at the window.
   */
  readonly kind: "mri" | "ct";
  /** Strength of the field, or of the darkening. */
  readonly field: Between;
  /** Contrast. */
  readonly gain: Between;
  /** Added brightness. */
  readonly offset: Between;
  /** Standard deviation of the noise. */
  readonly noise: Between;
}

/** The scanner of phantoms without a look. */
const STANDARD: ScannerSettings = {
  kind: "mri",
  field: [0.06, 0.2],
  gain: [0.8, 1.05],
  offset: [0, 0.03],
  noise: [0.01, 0.035],
};

/** Pixels of a grain of noise in CT, whose reconstruction correlates neighbors. */
const GRAIN = 1.7;

/** The scanner of one image. */
export class Scanner {
  readonly #random: PhantomRandom;
  readonly #kind: ScannerSettings["kind"];
  readonly #fieldSeed: number;
  readonly #field: number;
  readonly #gain: number;
  readonly #offset: number;
  readonly #noise: number;

  /** Draws its values. */
  constructor(random: PhantomRandom, settings: ScannerSettings = STANDARD) {
    this.#random = random;
    this.#kind = settings.kind;
    this.#fieldSeed = random.seed();
    this.#field = random.between(...settings.field);
    this.#gain = random.between(...settings.gain);
    this.#offset = random.between(...settings.offset);
    this.#noise = random.between(...settings.noise);
  }

  /** The byte recorded for a value at a position in an image `size` pixels wide (0 to 1 in both directions). */
  record(value: number, x: number, y: number, size: number): number {
    return this.#kind === "mri" ? this.#magnitude(value, x, y) : this.#window(value, x, y, size);
  }

  #magnitude(value: number, x: number, y: number): number {
    const field = 1 + this.#field * noise2(this.#fieldSeed, 1.5 * x, 1.5 * y);
    const signal = this.#gain * field * value;
    // The magnitude of a noisy complex signal, as in MRI: the noise of black is never negative.
    const real = signal + this.#noise * this.#random.normal();
    const imaginary = this.#noise * this.#random.normal();
    const magnitude = this.#offset + Math.sqrt(real * real + imaginary * imaginary);
    // Bright values are compressed, not clipped.
    const compressed = magnitude < 0.85
      ? magnitude
      : 0.85 + 0.15 * smoothStep(0, 1, (magnitude - 0.85) / 0.6);
    return Math.round(255 * compressed);
  }

  #window(value: number, x: number, y: number, size: number): number {
    const fine = this.#random.normal();
    // Air lies far below the window, whatever its noise.
    if (value < 0.02) return 0;
    const [dx, dy] = [x - 0.5, y - 0.5];
    const middle = Math.max(0, 1 - 5 * (dx * dx + dy * dy));
    const grain = noise2(this.#fieldSeed + 1, x * size / GRAIN, y * size / GRAIN);
    // Rays through the middle pass most bone: fewer photons, more noise.
    const noise = this.#noise * (0.7 + 0.6 * middle) * (0.5 * fine + 1.2 * grain);
    const windowed = this.#gain * value - this.#field * middle + this.#offset + noise;
    return Math.round(255 * Math.min(1, Math.max(0, windowed)));
  }
}

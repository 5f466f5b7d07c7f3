/**
 * Normal distributions of feature vectors, for Mahalanobis' distance with the shrunk covariance of Ledoit and Wolf (A
 * well-conditioned estimator for large-dimensional covariance matrices, 2004).
 * This module is browser compatible.
 *
 * @module
 */
import type { FeatureSpace } from "../unet/model_appearance.ts";

/** Least deviation of a feature, relative to the largest spread of all: what never varies must not decide alone. */
const LEAST_DEVIATION = 0.02;

/** Fits a distribution to at least two vectors of the same length. */
export function fitSpace(vectors: readonly (readonly number[])[]): FeatureSpace {
  const length = vectors[0]!.length;
  const count = vectors.length;
  const mean = Array.from({ length }, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / count);
  const spread = mean.map((center, i) =>
    Math.sqrt(vectors.reduce((sum, vector) => sum + (vector[i]! - center) ** 2, 0) / count)
  );
  const least = LEAST_DEVIATION * Math.max(...spread) || 1e-6;
  const deviation = spread.map((value) => Math.max(value, least));
  const standard = vectors.map((vector) => vector.map((value, i) => (value - mean[i]!) / deviation[i]!));
  const whitening = invertTriangle(cholesky(shrunkCovariance(standard), length), length);
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(deviation),
    whitening: Float32Array.from(whitening),
  };
}

/** A vector as features that are independent and of variance 1 in the distribution. */
export function whiten(
  { mean, deviation, whitening }: FeatureSpace,
  vector: readonly number[],
): Float64Array {
  const standard = vector.map((value, i) => (value - mean[i]!) / deviation[i]!);
  const whitened = new Float64Array(vector.length);
  for (let row = 0, at = 0; row < standard.length; row++) {
    for (let column = 0; column <= row; column++, at++) whitened[row]! += whitening[at]! * standard[column]!;
  }
  return whitened;
}

/**
 * The covariance of vectors of mean 0, shrunk towards a multiple of the identity by the share that minimizes the
 * expected squared error. Row-major.
 */
export function shrunkCovariance(vectors: readonly (readonly number[])[]): Float64Array {
  const length = vectors[0]!.length;
  const count = vectors.length;
  const covariance = new Float64Array(length * length);
  for (const vector of vectors) {
    for (let i = 0, at = 0; i < length; i++) {
      for (let j = 0; j < length; j++, at++) covariance[at]! += vector[i]! * vector[j]! / count;
    }
  }
  let trace = 0;
  for (let i = 0; i < length; i++) trace += covariance[i * length + i]!;
  const scale = trace / length;
  // How far the covariance is from the identity, and how far each vector's own is from it.
  let [apart, noise] = [0, 0];
  for (let i = 0, at = 0; i < length; i++) {
    for (let j = 0; j < length; j++, at++) apart += (covariance[at]! - (i === j ? scale : 0)) ** 2;
  }
  for (const vector of vectors) {
    for (let i = 0, at = 0; i < length; i++) {
      for (let j = 0; j < length; j++, at++) noise += (vector[i]! * vector[j]! - covariance[at]!) ** 2;
    }
  }
  const share = apart === 0 ? 1 : Math.min(1, noise / count ** 2 / apart);
  for (let i = 0, at = 0; i < length; i++) {
    for (let j = 0; j < length; j++, at++) {
      covariance[at] = (1 - share) * covariance[at]! + (i === j ? share * scale + RIDGE : 0);
    }
  }
  return covariance;
}

/** Keeps the matrix positive definite if vectors are equal. */
const RIDGE = 1e-6;

/** The lower triangle L with L L' = matrix, packed by rows. */
function cholesky(matrix: Float64Array, length: number): number[] {
  const packed: number[] = [];
  for (let i = 0; i < length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * length + j]!;
      for (let k = 0; k < j; k++) sum -= packed[rowAt(i) + k]! * packed[rowAt(j) + k]!;
      packed.push(i === j ? Math.sqrt(sum) : sum / packed[rowAt(j) + j]!);
    }
  }
  return packed;
}

/** The inverse of a packed lower triangle, itself one. */
function invertTriangle(packed: readonly number[], length: number): number[] {
  const inverse = new Array<number>(packed.length).fill(0);
  for (let column = 0; column < length; column++) {
    for (let row = column; row < length; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) sum -= packed[rowAt(row) + k]! * inverse[rowAt(k) + column]!;
      inverse[rowAt(row) + column] = sum / packed[rowAt(row) + row]!;
    }
  }
  return inverse;
}

function rowAt(row: number): number {
  return row * (row + 1) / 2;
}

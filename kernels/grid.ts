/**
 * Workgroup counts of a dispatch. The only place that knows the limit per dimension.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Workgroups per dimension that WebGPU guarantees. */
export const MAX_WORKGROUPS = 65535;

/** `count / size`, rounded up. */
export function ceilDiv(count: number, size: number): number {
  return Math.ceil(count / size);
}

/** `count` rounded up to a multiple of `size`. */
export function roundUp(count: number, size: number): number {
  return Math.ceil(count / size) * size;
}

/**
 * Workgroups for `items` elements in x, `planes` in y and `layers` in z.
 *
 * @throws {RangeError} if a dimension needs 0 or more than 65,535 workgroups
 */
export function grid(
  label: string,
  items: number,
  workgroupSize: number,
  planes = 1,
  layers = 1,
): [number, number, number] {
  const counts: [number, number, number] = [ceilDiv(items, workgroupSize), planes, layers];
  for (const count of counts) {
    if (!(count >= 1 && count <= MAX_WORKGROUPS)) {
      throw new RangeError(
        `Cannot dispatch "${label}": ${counts.join(" x ")} workgroups, the limit is 65535`,
      );
    }
  }
  return counts;
}

/**
 * Workgroups for a flat range of `items` elements, folded into x and y if they exceed the limit of x. The kernel
 * computes its element as `(id.y * workgroup_count.x + id.x) * WORKGROUP + local` and must check it against the count.
 */
export function flatGrid(label: string, items: number, workgroupSize: number): [number, number, number] {
  const [x, y] = fold(ceilDiv(items, workgroupSize));
  return grid(label, x * workgroupSize, workgroupSize, y);
}

/**
 * Workgroups for `items` elements in x and any number of planes, folded into y and z if they exceed the limit of y. The
 * kernel computes its plane as `id.z * workgroup_count.y + id.y` and must check it against the count.
 */
export function planeGrid(
  label: string,
  items: number,
  workgroupSize: number,
  planes: number,
): [number, number, number] {
  return grid(label, items, workgroupSize, ...fold(planes));
}

/** Two factors, each within the limit, whose product is `count` or slightly more. */
function fold(count: number): [number, number] {
  const outer = ceilDiv(count, MAX_WORKGROUPS);
  return [ceilDiv(count, outer), outer];
}

/**
 * Dispatch arithmetic: the one place that knows how many workgroups one dimension may have.
 *
 * @module
 */

/** The most workgroups that WebGPU guarantees in one dimension. */
export const MAX_WORKGROUPS = 65535;

/** How often `size` fits into `count`, rounded up. */
export function ceilDiv(count: number, size: number): number {
  return Math.ceil(count / size);
}

/** `count` rounded up to a multiple of `size`. */
export function roundUp(count: number, size: number): number {
  return Math.ceil(count / size) * size;
}

/**
 * Workgroups for `items` elements in x and whole planes in y and z.
 *
 * @throws {RangeError} where a dimension needs more than 65,535 workgroups.
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
 * Workgroups for a flat range of `items` elements, folded into x and y where x alone is too small; the kernel
 * finds its element as `(id.y * workgroup_count.x + id.x) * WORKGROUP + local` and must guard the end.
 */
export function flatGrid(label: string, items: number, workgroupSize: number): [number, number, number] {
  const [x, y] = fold(ceilDiv(items, workgroupSize));
  return grid(label, x * workgroupSize, workgroupSize, y);
}

/**
 * Workgroups for `items` elements in x and any number of planes, folded into y and z where y alone is too small; the
 * kernel finds its plane as `id.z * workgroup_count.y + id.y` and must guard the end.
 */
export function planeGrid(
  label: string,
  items: number,
  workgroupSize: number,
  planes: number,
): [number, number, number] {
  return grid(label, items, workgroupSize, ...fold(planes));
}

/** Two factors whose product is `count` or little more. */
function fold(count: number): [number, number] {
  const outer = ceilDiv(count, MAX_WORKGROUPS);
  return [ceilDiv(count, outer), outer];
}

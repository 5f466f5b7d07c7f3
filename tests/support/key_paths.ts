/**
 * Every key of a JSON document, to pin formats that other programs read.
 *
 * @module
 */

/** The paths of all values, such as `summary.pixels.truePositives` and `scores[].name`, each once, in their order. */
export function keyPaths(document: unknown): string[] {
  const paths = new Set<string>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      paths.add(`${path}[]`);
      for (const item of value) visit(item, `${path}[]`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) visit(item, path === "" ? key : `${path}.${key}`);
    } else paths.add(path);
  };
  visit(document, "");
  return [...paths];
}

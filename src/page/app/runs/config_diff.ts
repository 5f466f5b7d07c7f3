/**
 * What settings of runs differ. This module is browser compatible.
 *
 * @module
 */

/** A setting that differs: its values, undefined for runs without it. */
export interface Difference {
  readonly setting: string;
  readonly values: readonly (string | undefined)[];
}

/** Deepest nesting that is looked into; what lies deeper is shown as JSON. */
const DEPTH = 4;

/** A configuration as one level: `{ data: { train: { samples: 3 } } }` has the setting `data.train.samples`. */
export function flatten(config: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, path: readonly string[]) => {
    const isOpen = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isOpen && path.length < DEPTH && Object.keys(value).length > 0) {
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name]);
    } else if (path.length > 0) found.set(path.join("."), settingText(value));
  };
  visit(config, []);
  return found;
}

function settingText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** Settings that are not the same in all configurations, in the order in which they occur. */
export function configDifferences(configs: readonly unknown[]): Difference[] {
  const flat = configs.map(flatten);
  const names = [...new Set(flat.flatMap((config) => [...config.keys()]))];
  return names.map((setting) => ({ setting, values: flat.map((config) => config.get(setting)) }))
    .filter(({ values }) => new Set(values).size > 1);
}

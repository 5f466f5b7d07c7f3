/**
 * YAML from untrusted files, such as the `data.yaml` of YOLO datasets: bounded in size, depth and aliases.
 *
 * @module
 */
import { load, YAMLException } from "js-yaml";
import { decodeJson } from "../../coco/text.ts";

/** The largest file: the names of thousands of classes take a hundredth of it. */
export const MAX_YAML_BYTES = 2 ** 20;

/** References to other parts of the file (`*name`). */
const MAX_ALIASES = 100;

/** Lists and maps within each other. */
const MAX_DEPTH = 32;

/** The value of a YAML document; `name` is the file's in messages. Throws a SyntaxError with line and column. */
export function parseYaml(bytes: Uint8Array, name: string): unknown {
  if (bytes.length > MAX_YAML_BYTES) {
    throw new RangeError(`Cannot read ${name}: ${bytes.length} bytes, at most ${MAX_YAML_BYTES}`);
  }
  const text = decodeJson(bytes, name);
  try {
    return text.trim() === "" ? null : load(text, { maxAliases: MAX_ALIASES, maxDepth: MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const place = mark === undefined ? "" : ` at line ${mark.line + 1}, column ${mark.column + 1}`;
    throw new SyntaxError(`Cannot read ${name}: ${reason}${place}`, { cause: error });
  }
}

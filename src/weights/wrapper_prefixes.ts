/**
 * The prefixes that wrappers put before the names of a network's tensors.
 * This module is browser compatible.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";

/** Of `DataParallel`, of `torch.compile`, and of a module that keeps the network as `model`. */
const PREFIXES = ["module.", "_orig_mod.", "model."];

/**
 * The state dict without the prefixes that all of its names share, in whatever order wrappers were nested, and without
 * the component `_orig_mod` of compiled submodules. Names stay as they are if two would become one.
 */
export function withoutWrapperPrefixes(tensors: StateDict): StateDict {
  const names = [...tensors.keys()];
  if (names.length === 0) return tensors;
  let shared = "";
  for (;;) {
    const next = PREFIXES.find((prefix) => names.every((name) => name.startsWith(shared + prefix)));
    if (next === undefined) break;
    shared += next;
  }
  const short = names.map((name) => name.slice(shared.length).replaceAll(/(?<=^|\.)_orig_mod\./g, ""));
  if (new Set(short).size < names.length || short.every((name, index) => name === names[index])) {
    return tensors;
  }
  return new Map([...tensors.values()].map((tensor, index) => [short[index]!, tensor]));
}

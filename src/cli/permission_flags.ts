/**
 * Permission sets of deno.json as command-line flags: a compiled binary has no configuration file, and flags resolve
 * paths relative to the working folder.
 *
 * @module
 */

/** What a set allows of one kind: everything, nothing, or a list. */
type Grant = boolean | readonly string[] | {
  readonly allow?: boolean | readonly string[];
  readonly deny?: unknown;
};

/** The `permissions` of a deno.json. */
export type PermissionSets = Readonly<Record<string, Readonly<Record<string, Grant>>>>;

const KINDS = ["read", "write", "net", "env", "sys", "run", "ffi"] as const;

/** The narrowest flags that allow what any of the named sets allows. */
export function unionFlags(sets: PermissionSets, names: readonly string[]): string[] {
  return KINDS.flatMap((kind) => {
    const grants = names.map((name) => allowedBy(sets[name]?.[kind]));
    if (grants.some((grant) => grant === true)) return [`--allow-${kind}`];
    const entries = new Set(grants.flatMap((grant) => grant === true ? [] : grant));
    return entries.size === 0 ? [] : [`--allow-${kind}=${[...entries].join(",")}`];
  });
}

/** What a grant allows; everything except some source folders becomes the working folder. */
function allowedBy(grant: Grant | undefined): true | readonly string[] {
  if (grant === undefined || typeof grant === "boolean") return grant === true ? true : [];
  if (!("allow" in grant)) return grant as readonly string[];
  if (grant.allow === true) return grant.deny === undefined ? true : ["."];
  return grant.allow === undefined || grant.allow === false ? [] : grant.allow;
}

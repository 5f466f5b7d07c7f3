/**
 * Keeps this machine's folders and file names, which may name patients, out of tracked data.
 *
 * @module
 */

const PATHS = [
  // In quotes: everything up to the closing quote, since paths may contain spaces.
  /(?<=(["'`]))(?:file:\/\/|~|[A-Za-z]:)?[\\/](?:(?!\1).)+(?=\1)/g,
  /(?<=(["'`]))(?:(?!\1|:\/\/).)*[\\/](?:(?!\1).)+\.\w{1,11}(?=\1)/g,
  // Absolute, in the home folder, on a drive or a share, or a file URL; not the path of another URL.
  /(?<![\w.:/\\-])(?:file:\/\/|~|[A-Za-z]:)?[\\/][^\s"'`<>|:;,()]+/g,
  // Relative, if it ends in a file with an extension or begins with dots.
  /(?<![\w.:/\\-])\.{1,2}[\\/][^\s"'`<>|:;,()]*/g,
  /(?<![\w.:/\\-])[\w.-]+(?:[\\/][\w.-]+)*[\\/][\w-]+\.[A-Za-z]\w{0,11}\b(?![\w/\\])/g,
];

/** Replaces every file path in `text` by `<path>`; web addresses and names like `train/loss` stay. */
export function withoutPaths(text: string): string {
  return PATHS.reduce((clean, path) => clean.replace(path, "<path>"), text);
}

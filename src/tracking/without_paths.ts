/**
 * Keeps this machine's folders and the names of patients' files out of what is tracked.
 *
 * @module
 */

const PATHS = [
  // In quotes: everything up to the closing one, so that spaces in a path do not cut it short.
  /(?<=(["'`]))(?:file:\/\/|~|[A-Za-z]:)?[\\/](?:(?!\1).)+(?=\1)/g,
  /(?<=(["'`]))(?:(?!\1|:\/\/).)*[\\/](?:(?!\1).)+\.\w{1,11}(?=\1)/g,
  // Absolute, under home, a drive or a share, or a file URL; not the path part of another URL.
  /(?<![\w.:/\\-])(?:file:\/\/|~|[A-Za-z]:)?[\\/][^\s"'`<>|:;,()]+/g,
  // Relative, when it ends in a file with an ending or begins with dots.
  /(?<![\w.:/\\-])\.{1,2}[\\/][^\s"'`<>|:;,()]*/g,
  /(?<![\w.:/\\-])[\w.-]+(?:[\\/][\w.-]+)*[\\/][\w-]+\.[A-Za-z]\w{0,11}\b(?![\w/\\])/g,
];

/** Replaces every file path in `text` with `<path>`; addresses on the web and names like `train/loss` stay. */
export function withoutPaths(text: string): string {
  return PATHS.reduce((clean, path) => clean.replace(path, "<path>"), text);
}

/**
 * What the system refuses, as an error with a way out: its own messages name neither.
 *
 * @module
 */

/** What a call of the runtime does, in words. */
const CALLS: Readonly<Record<string, string>> = {
  copy: "copy",
  link: "link",
  mkdir: "create the folder",
  open: "open",
  readdir: "list",
  readfile: "read",
  realpath: "find",
  remove: "remove",
  rename: "rename",
  stat: "find",
  writefile: "write",
};

/** The system's reasons, with what to do about each. */
const WAYS: readonly (readonly [RegExp, string])[] = [
  [/no space left|disk is full|quota exceeded/i, "free disk space, or choose a place on another disk"],
  [/file too large/i, "raise the shell's limit on file sizes (ulimit -f unlimited)"],
  [/permission denied|operation not permitted/i, "change its permissions, or choose another place"],
  [/read-only file system/i, "choose a place that may be written"],
  [/input\/output error/i, "the disk fails: check it, or choose a place on another one"],
  [/too many open files/i, "raise the shell's limit on open files (ulimit -n 4096)"],
  [/file name too long/i, "choose a shorter name"],
  [
    /no such file or directory/i,
    "check the path: its folder must exist, or be one in which folders may be made",
  ],
  [/not a directory|file exists|is a directory/i, "something else has this name: choose another one"],
];

/** A message of the system with its way out; any other message, and one that has a hint, as it is. */
export function describeSystemFailure(message: string): string {
  if (message.includes("\nhint: ")) return message;
  const raw = /^([^:]* \(os error \d+\)): (\w+) '(.*?)'(?: -> '(.*)')?$/s.exec(message);
  const text = raw === null
    ? message
    : `Cannot ${CALLS[raw[2]!] ?? raw[2]} ${[raw[3], raw[4]].filter(Boolean).join(" as ")}: ${raw[1]}`;
  if (!/\(os error \d+\)|the disk is full/.test(text)) return text;
  const way = WAYS.find(([reason]) => reason.test(text))?.[1];
  return way === undefined ? text : `${text}\nhint: ${way}`;
}

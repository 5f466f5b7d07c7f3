/**
 * Weight formats told apart by their first bytes, and what people mistake for them.
 * This module is browser compatible.
 *
 * @module
 */

/** Whether the bytes begin like a zip with at least one entry, as PyTorch's checkpoints do. */
export function beginsAsZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Whether a JSON object begins at byte 8, where safetensors has its header. */
export function beginsAsSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === 0x7b && !beginsAsZip(bytes);
}

/** A file that holds no weights: what it is, and the way out. */
export interface NoWeights {
  /** With its article: `an HTML page`. */
  readonly what: string;
  /** What to do. */
  readonly hint: string;
}

/** Names what is mistaken for weights: pointers, pages, texts, archives and other formats; null if unknown. */
export function nameNoWeights(bytes: Uint8Array): NoWeights | null {
  if (bytes.length === 0) return { what: "an empty file", hint: "copy or download it again" };
  const start = String.fromCharCode(...bytes.subarray(0, 512)).replace(/^(\xef\xbb\xbf)?\s*/, "");
  for (const [pattern, what, hint] of NO_WEIGHTS) {
    const found = pattern instanceof RegExp
      ? pattern.test(start)
      : pattern.some((text) => start.startsWith(text));
    if (found) return { what, hint };
  }
  if (bytes.subarray(0, 4096).every((byte) => byte === 0)) {
    return {
      what: "nothing but zeros",
      hint: "the file was not written to its end: copy or download it again",
    };
  }
  return null;
}

const UNPACK = "unpack it first; the weights may be in it";
const EXPORT = "save the weights from PyTorch or as safetensors";

/** By the first characters, after white space. */
const NO_WEIGHTS: readonly (readonly [RegExp | readonly string[], string, string])[] = [
  [
    /^version https:\/\/git-lfs/,
    "a Git LFS pointer, which stands for the weights",
    "`git lfs pull`, in the repository that it comes from, replaces pointers by the files",
  ],
  [
    /^<(!doctype html|html|head|body|script|meta)\b/i,
    "an HTML page",
    "the server answered with a page in place of the file: download the file itself, logged in if need be",
  ],
  [
    /^<[?!\w]/,
    "an XML text",
    "download the weights themselves: the text may be the error message of a server",
  ],
  [
    /^[{[]\s*["{[\]}]/,
    "a JSON text",
    "name the weights themselves: the text may describe them, or be the error message of a server",
  ],
  [["\x1f\x8b"], "a gzip-compressed file", "decompress it first (gunzip FILE)"],
  [["Rar!", "7z\xbc\xaf", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "PK\x05\x06"], "an archive", UNPACK],
  [["\x89HDF"], "an HDF5 file, as Keras saves them", EXPORT],
  [["\x93NUMPY"], "a NumPy array", EXPORT],
  [["GGUF"], "a GGUF file", EXPORT],
  [
    Array.from({ length: 12 }, (_, version) => `\x08${String.fromCharCode(version + 1)}\x12`),
    "an ONNX model",
    EXPORT,
  ],
  [["\x89PNG", "\xff\xd8\xff", "GIF8", "%PDF"], "an image or a document", "name the model's file"],
];

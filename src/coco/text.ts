/**
 * The text of a JSON file from its bytes, which must be UTF-8.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Byte order marks, the longer ones first, and the encodings that they stand for. */
const MARKS: readonly { readonly bytes: readonly number[]; readonly encoding: string }[] = [
  { bytes: [0xff, 0xfe, 0, 0], encoding: "UTF-32" },
  { bytes: [0, 0, 0xfe, 0xff], encoding: "UTF-32" },
  { bytes: [0xff, 0xfe], encoding: "UTF-16" },
  { bytes: [0xfe, 0xff], encoding: "UTF-16" },
];

/**
 * Decodes UTF-8; a byte order mark is skipped. Throws a SyntaxError, with a hint, for a file in UTF-16 or UTF-32, which
 * it names, and for one that is not UTF-8, with the line of the first invalid byte. `name` is the file's name in
 * messages.
 */
export function decodeJson(bytes: Uint8Array, name: string): string {
  const encoding = wideEncodingOf(bytes);
  if (encoding !== null) throw notUtf8(name, `it is ${encoding}, not UTF-8`, encoding);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw notUtf8(name, `it is not UTF-8: ${describeInvalid(bytes)}`, "WINDOWS-1252");
  }
}

function notUtf8(name: string, reason: string, encoding: string): SyntaxError {
  const from = encoding === "WINDOWS-1252" ? " (or GBK, SHIFT_JIS, as it was written)" : "";
  return new SyntaxError(
    `Cannot read ${name}: ${reason}\n` +
      `hint: save it as UTF-8 in an editor, or: iconv -f ${encoding} -t UTF-8 OLD > NEW${from}`,
  );
}

/** UTF-16 or UTF-32, by its mark, or by the zeros around the first character of a JSON text, which is ASCII. */
function wideEncodingOf(bytes: Uint8Array): string | null {
  const marked = MARKS.find((mark) => mark.bytes.every((byte, i) => bytes[i] === byte));
  if (marked !== undefined) return marked.encoding;
  const zeros = Array.from(bytes.subarray(0, 4), (byte) => byte === 0 ? "0" : "x").join("");
  if (zeros === "x000" || zeros === "000x") return "UTF-32";
  // Without a mark, iconv takes the byte order of the machine.
  if (zeros.startsWith("x0")) return "UTF-16LE";
  return zeros.startsWith("0x") ? "UTF-16BE" : null;
}

/** Characters that are shown of the text before an invalid byte. */
const CONTEXT = 16;

/** Where bytes that are not UTF-8 stop being it: `invalid byte 0xe4 in line 3, after "file_name..."`. */
function describeInvalid(bytes: Uint8Array): string {
  for (let line = 1, start = 0;; line++) {
    const next = bytes.indexOf(0x0a, start);
    const content = bytes.subarray(start, next === -1 ? bytes.length : next);
    const offset = invalidOffset(content);
    start = next + 1;
    if (offset === null && next !== -1) continue;
    const at = offset ?? content.length - 1;
    const before = new TextDecoder().decode(content.subarray(Math.max(0, at - CONTEXT), at));
    const byte = `0x${content[at]!.toString(16).padStart(2, "0")}`;
    return `invalid byte ${byte} in line ${line}${before === "" ? "" : `, after ${JSON.stringify(before)}`}`;
  }
}

/** The offset of the first byte that is not UTF-8; null if all are. */
function invalidOffset(bytes: Uint8Array): number | null {
  if (isUtf8(bytes)) return null;
  // The longest prefix that is the beginning of a valid text, by bisection.
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isUtf8(bytes.subarray(0, middle), { stream: true })) valid = middle;
    else invalid = middle;
  }
  // The invalid byte may be the first one of its character, which the prefix then ends with.
  while (!isUtf8(bytes.subarray(0, valid))) valid--;
  return valid;
}

/** Whether bytes are UTF-8; with `stream`, their last character need not be complete. */
function isUtf8(bytes: Uint8Array, options: { stream?: boolean } = {}): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}

/**
 * Files that people mistake for images of a supported format, recognized by their first bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { inflateGzipStart } from "../zlib_stream.ts";
import { hasText, viewOf } from "./formats/image_format.ts";

/** What a file is, and what to do about it. */
export interface ForeignFile {
  /** With its article: `a DICOM file`. */
  readonly what: string;
  /** The way out; by default, conversion to a supported format. */
  readonly hint?: string;
}

interface ForeignKind extends ForeignFile {
  readonly matches: (bytes: Uint8Array) => boolean;
}

const begins = (...texts: string[]) => (bytes: Uint8Array) => texts.some((text) => hasText(bytes, text));

/** ISO media files by their brands. */
const hasBrand = (brands: string) => (bytes: Uint8Array) =>
  hasText(bytes, "ftyp", 4) && brands.split(" ").some((brand) => hasText(bytes, brand, 8));

/** Ways to name values in DICOM files, of those that stand in their first elements. */
const DICOM_TYPES = ["CS", "UL", "UI", "OB", "SH", "LO", "DA", "TM", "IS", "DS", "PN", "US"];

/** DICOM's mark behind its preamble of 128 bytes, which may itself be the head of a TIFF, or a first element without one. */
export function isDicom(bytes: Uint8Array): boolean {
  if (hasText(bytes, "DICM", 128)) return true;
  const isFirstGroup = (bytes[0] === 2 || bytes[0] === 8) && bytes[1] === 0 && bytes[3] === 0;
  return isFirstGroup && DICOM_TYPES.some((type) => hasText(bytes, type, 4));
}

/** NIfTI's header begins with its own length, in either byte order: 348 or 540. */
function isNifti(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  return [true, false].some((little) => [348, 540].includes(viewOf(bytes).getUint32(0, little)));
}

/** Text after an optional byte order mark and white space. */
function startOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 512)).replace(/^(\xef\xbb\xbf)?\s*/, "");
}

const ANOTHER =
  "the server may have answered with a page in place of the file: download it again, logged in if need be";

/** What a file in JSON is called: readers of JSON accept it. */
export const JSON_TEXT = "a JSON text";

const SLICES = "export its slices to 16-bit PNG or TIFF, which keep their values";

const KINDS: readonly ForeignKind[] = [
  { what: "a DICOM file", hint: SLICES, matches: isDicom },
  { what: "a NIfTI or Analyze file", hint: SLICES, matches: isNifti },
  {
    what: "an AVIF image",
    // Behind the main brand, which may be common to both, stand the compatible ones.
    matches: (bytes) => hasText(bytes, "ftyp", 4) && /avi[fs]/.test(startOf(bytes.subarray(8, 40))),
  },
  {
    what: "a HEIC image, as iPhones take them",
    matches: hasBrand("heic heix heim heis hevc hevx hevm hevs mif1 msf1"),
  },
  { what: "a video", matches: (bytes) => hasText(bytes, "ftyp", 4) },
  { what: "a JPEG 2000 image", matches: begins("\0\0\0\x0cjP  ", "\xff\x4f\xff\x51") },
  { what: "a JPEG XL image", matches: begins("\0\0\0\x0cJXL ", "\xff\x0a") },
  { what: "a Photoshop document", matches: begins("8BPS") },
  { what: "an OpenEXR image", matches: begins("\x76\x2f\x31\x01") },
  { what: "a NumPy array", matches: begins("\x93NUMPY") },
  { what: "an HDF5 or MATLAB file", matches: begins("\x89HDF", "MATLAB 5.0") },
  { what: "an NRRD file", matches: begins("NRRD000") },
  { what: "a MetaImage file", matches: begins("ObjectType =", "NDims =") },
  { what: "a Netpbm image", matches: (bytes) => /^P[1-7]\s/.test(startOf(bytes.subarray(0, 4))) },
  { what: "a PDF", matches: begins("%PDF") },
  {
    what: "a ZIP archive",
    hint: "unpack it first, for example with: deno task unzip FILE.zip --output FOLDER",
    matches: begins("PK\x03\x04", "PK\x05\x06"),
  },
  {
    what: "an archive",
    hint: "unpack it first",
    matches: begins("Rar!", "7z\xbc\xaf", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd"),
  },
  {
    what: "a Git LFS pointer, which stands for the image",
    hint: "`git lfs pull`, in the repository that it comes from, replaces pointers by the files",
    matches: begins("version https://git-lfs"),
  },
  {
    what: "an HTML page",
    hint: ANOTHER,
    matches: (bytes) => /^<(!doctype html|html|head|body|script|meta)\b/i.test(startOf(bytes)),
  },
  { what: "an SVG drawing", matches: (bytes) => /^(<\?xml[^]*)?<svg\b/i.test(startOf(bytes)) },
  { what: "an XML text", matches: (bytes) => /^<[?!\w]/.test(startOf(bytes)) },
  {
    what: JSON_TEXT,
    hint: "an error message of a server may be in it, or the annotations; name the image",
    matches: (bytes) => /^[{[]\s*["{[\]}]/.test(startOf(bytes)),
  },
];

/** What a file is by its first bytes, 512 or more; null if unknown. */
export function nameForeign(bytes: Uint8Array): ForeignFile | null {
  if (bytes.length > 0 && bytes.subarray(0, 4096).every((byte) => byte === 0)) {
    return {
      what: "a file of zeros, at least at its beginning",
      hint: "the file was not written to its end: copy or download it again",
    };
  }
  if (hasText(bytes, "\x1f\x8b")) return nameCompressed(bytes);
  return KINDS.find(({ matches }) => matches(bytes)) ?? null;
}

/** A gzip file, by the beginning of its content. */
function nameCompressed(bytes: Uint8Array): ForeignFile {
  let inner: ForeignFile | null = null;
  try {
    // Inflates to a megabyte at most.
    const start = inflateGzipStart(bytes.subarray(0, 1024));
    inner = KINDS.find(({ matches }) => matches(start)) ?? null;
  } catch {
    // Not gzip beyond its mark.
  }
  if (inner !== null) return { ...inner, what: `${inner.what}, compressed with gzip` };
  return {
    what: "a gzip-compressed file, as NIfTI volumes (.nii.gz) often are",
    hint: "decompress it first (gunzip FILE), and convert what is in it",
  };
}

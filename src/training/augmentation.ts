/**
 * Augmentation as written on the command line and in a configuration.
 *
 * @module
 */
import { type Augmentation, TONES } from "../../kernels/augment/augment.ts";

/** No transform: what a list of transforms starts from. */
const NOTHING: Augmentation = {
  flipHorizontal: false,
  flipVertical: false,
  rotation: 0,
  scale: 0,
  shift: 0,
  contrast: 0,
  brightness: 0,
  noise: 0,
};

/** Small changes, within what another patient or scanner would show. */
export const LIGHT: Augmentation = {
  flipHorizontal: true,
  flipVertical: true,
  rotation: 10,
  scale: 0.1,
  shift: 0.05,
  contrast: 0.1,
  brightness: 0.1,
  noise: 0,
};

const FLIPS = { horizontal: "flipHorizontal", vertical: "flipVertical" } as const;

/** Maximum of each strength; beyond it, an image could lose its content or, beyond MOST_ELASTIC, be folded. */
const MOST = {
  ...{ rotation: 180, scale: 0.9, shift: 1, elastic: 0.12 },
  ...{ contrast: 1, brightness: 10, noise: 10 },
  ...{ gamma: 3, tone: 0.95, bias: 1, invert: 1, share: 1 },
} as const;

/** Entries that files have only if they are given, so that runs without them stay as they were. */
export const OPTIONAL_AUGMENTATION: readonly (keyof typeof MOST & keyof Augmentation)[] = [
  "elastic",
  ...TONES,
  "share",
];

/** The syntax of {@linkcode parseAugmentation}, in one line. */
export const AUGMENTATION_SYNTAX = `none, light, or a comma-separated list of ${
  [...Object.keys(FLIPS), ...Object.keys(MOST).map((name) => `${name}=NUMBER`)].join(" ")
}`;

/**
 * Parses `none`, `light`, or a list of transforms with their maximum strengths, such as `horizontal,rotation=10`; a list
 * may start with `light` to override some of its strengths. `none` gives null.
 *
 * @throws {RangeError} naming the transform that is unknown or out of range.
 */
export function parseAugmentation(text: string): Augmentation | null {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length === 1 && parts[0] === "none") return null;
  let augmentation: Augmentation = NOTHING;
  if (parts[0] === "light") {
    augmentation = LIGHT;
    parts.shift();
  }
  for (const part of parts) augmentation = { ...augmentation, ...parsePart(part) };
  if (augmentation.share !== undefined && !TONES.some((name) => augmentation[name])) {
    throw new RangeError(
      `Cannot augment with a share of ${augmentation.share} of the images: it holds for ${
        TONES.join(", ")
      }, and none of them is given`,
    );
  }
  return augmentation;
}

function parsePart(part: string): Partial<Augmentation> {
  if (Object.hasOwn(FLIPS, part)) return { [FLIPS[part as keyof typeof FLIPS]]: true };
  const [name, text, ...rest] = part.split("=");
  if (!Object.hasOwn(MOST, name!) || text === undefined || rest.length > 0) {
    throw new RangeError(`Cannot augment with "${part}": expected ${AUGMENTATION_SYNTAX}`);
  }
  const most = MOST[name as keyof typeof MOST];
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= most)) {
    throw new RangeError(`Cannot augment with ${name} "${text}": expected a number from 0 to ${most}`);
  }
  return { [name!]: value };
}

/** The inverse of {@linkcode parseAugmentation}. */
export function formatAugmentation(augmentation: Augmentation | null): string {
  // Earlier versions stored an empty text for a typed "none".
  if (!augmentation) return "none";
  const names = [...Object.keys(NOTHING), ...OPTIONAL_AUGMENTATION] as (keyof Augmentation)[];
  if (names.every((name) => augmentation[name] === LIGHT[name])) return "light";
  const flips = Object.entries(FLIPS).flatMap(([name, field]) => augmentation[field] ? [name] : []);
  const others = Object.keys(MOST).flatMap((name) => {
    const value = augmentation[name as keyof typeof MOST] ?? 0;
    return value > 0 || name === "share" && augmentation.share === 0 ? [`${name}=${value}`] : [];
  });
  return [...flips, ...others].join(",") || "rotation=0";
}

/**
 * The licenses of what the site's scripts contain: no package is among it.
 *
 * @module
 */
import own from "../../../LICENSE" with { type: "text" };

/** Packages whose code is bundled, with their license as it is published with them. */
export const BUNDLED_LICENSES: Readonly<Record<string, string>> = {};

/** The text of `LICENSES.txt`. */
export function licenseTexts(): string {
  const sections = Object.entries({ "deno-unet": own, ...BUNDLED_LICENSES });
  return sections.map(([name, text]) => `${name}\n${"=".repeat(name.length)}\n\n${text.trim()}\n`).join(
    "\n\n",
  );
}

/**
 * Downloads. This module is browser compatible.
 *
 * @module
 */

/** Lets the user save a file. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  // Browsers replace slashes; the folders are in zips only.
  link.download = name.split("/").pop()!;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

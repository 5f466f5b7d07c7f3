/**
 * What assistive technology sees without a name.
 *
 * @module
 */
import type { AccessibleNode, BrowserPage } from "./page.ts";

/** Roles that say nothing without a name, as Chromium's tree calls them. */
const NAMED = new Set([
  ...[
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "listbox",
    "checkbox",
    "radio",
    "radiogroup",
    "switch",
  ],
  ...[
    "slider",
    "spinbutton",
    "tab",
    "menuitem",
    "menu",
    "toolbar",
    "dialog",
    "grid",
    "table",
    "image",
    "img",
    "Canvas",
  ],
  ...["application", "progressbar", "meter", "navigation", "DisclosureTriangle", "tree", "option"],
]);

/** Nodes that should have a name and have none. */
export async function namelessNodes(page: BrowserPage): Promise<string[]> {
  return (await page.accessibility()).filter(isNameless).map(({ role, value }) =>
    `${role} ${value ?? ""}`.trim()
  );
}

function isNameless({ role, name }: AccessibleNode): boolean {
  return NAMED.has(role) && name.trim() === "";
}

/**
 * The shortcuts in a dialog. This module is browser compatible.
 *
 * @module
 */
import { h } from "../../dom.ts";
import { askDialog } from "../../widgets/dialog.ts";
import { OTHER_KEYS, SHORTCUTS } from "../shortcuts.ts";

/** Shows all shortcuts. */
export async function showHelp(): Promise<void> {
  const row = (keys: readonly string[], what: string) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, keys.map((key, i) => [i > 0 ? " " : "", h("kbd", {}, key)])),
      h("td", {}, what),
    );
  await askDialog({
    title: "Shortcuts",
    content: h(
      "table",
      { class: "correct-shortcuts" },
      h(
        "tbody",
        {},
        SHORTCUTS.map(({ keys, label }) => row(keys, label)),
        OTHER_KEYS.map(([keys, what]) => row([keys], what)),
      ),
    ),
    actions: [{ value: "close", label: "Close", primary: true }],
  });
}

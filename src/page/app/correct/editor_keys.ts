/**
 * Which key does what, wherever the focus is. This module is browser compatible.
 *
 * @module
 */
import { type Command, commandOf } from "./shortcuts.ts";

/** What keys do. */
export interface KeyActions {
  /** Offers a key to the active tool; true if it used it. */
  useTool(key: string): boolean;
  run(command: Command): void;
  /** Chooses a class by its index. */
  chooseClass(index: number): void;
}

/** Handles a key press of the page. */
export function pressKey(event: KeyboardEvent, actions: KeyActions): void {
  if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
  const target = event.target as HTMLElement;
  const isTyping = target.matches(
    "input:not([type=checkbox], [type=radio], [type=range]), select, textarea",
  );
  const command = commandOf(event);
  if (isTyping && command !== "save" && command !== "save-next") return;
  // Keys that move a slider.
  if (target.matches("input[type=range]") && /^(Page|Home|End|Arrow)/.test(event.key)) return;
  // Enter presses the button that has the focus.
  const isPress = event.key === "Enter" && target.matches("button, a, summary, input");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isPlain = !event.ctrlKey && !event.metaKey;
  if (!isPlain || isPress || !actions.useTool(key)) {
    if (command !== null) actions.run(command);
    else if (isPlain && !event.altKey && /^[1-9]$/.test(key)) actions.chooseClass(Number(key) - 1);
    else return;
  }
  event.preventDefault();
  event.stopPropagation();
}

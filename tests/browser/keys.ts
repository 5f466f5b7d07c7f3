/**
 * Key presses as the DevTools protocol wants them.
 *
 * @module
 */
import type { Values } from "./devtools.ts";

const NAMED: Readonly<Record<string, [code: number, text?: string]>> = {
  Enter: [13, "\r"],
  Escape: [27],
  Tab: [9],
  Backspace: [8],
  Delete: [46],
  Home: [36],
  End: [35],
  PageUp: [33],
  PageDown: [34],
  ArrowLeft: [37],
  ArrowUp: [38],
  ArrowRight: [39],
  ArrowDown: [40],
};

const MODIFIERS: Readonly<Record<string, number>> = { Alt: 1, Control: 2, Meta: 4, Shift: 8 };

/** The events of a combination such as `Control+Shift+z`, `ArrowDown`, `+` or `a`. */
export function keyEvents(combination: string): Values[] {
  const names = combination.split(/\+(?=.)/);
  const key = names.pop()!;
  const modifiers = names.reduce((sum, name) => {
    const bit = MODIFIERS[name];
    if (bit === undefined) throw new TypeError(`Cannot press "${combination}": unknown modifier "${name}"`);
    return sum | bit;
  }, 0);
  if ([...key].length > 1 && NAMED[key] === undefined) {
    throw new TypeError(`Cannot press "${combination}": unknown key "${key}"`);
  }
  const [keyCode, text = key.length === 1 ? key : undefined] = NAMED[key] ??
    // Codes of other characters are those of other keys: 46 is the full stop, and Delete.
    [/^[a-z0-9 ]$/i.test(key) ? key.toUpperCase().charCodeAt(0) : 0];
  const code = /^[a-z]$/i.test(key)
    ? `Key${key.toUpperCase()}`
    : /^\d$/.test(key)
    ? `Digit${key}`
    : key === " "
    ? "Space"
    : key;
  const shared = { key, code, modifiers, windowsVirtualKeyCode: keyCode };
  // With Control or Meta a key is a command, and enters no text.
  const enters = text !== undefined && (modifiers & (2 | 4)) === 0;
  return [
    { type: enters ? "keyDown" : "rawKeyDown", ...shared, ...(enters && { text }) },
    { type: "keyUp", ...shared },
  ];
}

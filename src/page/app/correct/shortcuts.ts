/**
 * The keys of the editor: the one table for what they do, the help, and the labels of buttons.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What a key does. */
export type Command =
  | ToolName
  | "smaller"
  | "larger"
  | "undo"
  | "redo"
  | "save"
  | "save-next"
  | "next"
  | "previous"
  | "outline"
  | "hide"
  | "compare"
  | "next-part"
  | "background"
  | "help";

/** The tools. */
export type ToolName = "brush" | "eraser" | "polygon" | "flood" | "part" | "move";

/** A shortcut. */
export interface Shortcut {
  readonly command: Command;
  /** As shown: `Ctrl+Z`. The first one is that of the button. */
  readonly keys: readonly string[];
  readonly label: string;
}

/** All shortcuts of commands, in the order of the help. */
export const SHORTCUTS: readonly Shortcut[] = [
  { command: "brush", keys: ["B"], label: "Brush" },
  { command: "eraser", keys: ["E"], label: "Eraser" },
  { command: "polygon", keys: ["P"], label: "Polygon" },
  { command: "flood", keys: ["F"], label: "Flood" },
  { command: "part", keys: ["V"], label: "Component" },
  { command: "move", keys: ["M"], label: "Move the image" },
  { command: "smaller", keys: ["["], label: "Smaller brush" },
  { command: "larger", keys: ["]"], label: "Larger brush" },
  { command: "undo", keys: ["Ctrl+Z"], label: "Undo" },
  { command: "redo", keys: ["Ctrl+Y", "Ctrl+Shift+Z"], label: "Redo" },
  { command: "next-part", keys: ["N"], label: "Next component that is not accepted" },
  { command: "background", keys: ["K"], label: "The rest is background" },
  { command: "outline", keys: ["O"], label: "Outlines or areas" },
  { command: "hide", keys: ["X"], label: "Hide and show the masks" },
  { command: "compare", keys: ["C"], label: "Compare with another version" },
  { command: "save", keys: ["Ctrl+S"], label: "Save" },
  { command: "save-next", keys: ["Ctrl+Enter"], label: "Save, and open the next image" },
  { command: "next", keys: ["PageDown"], label: "Next image" },
  { command: "previous", keys: ["PageUp"], label: "Previous image" },
  { command: "help", keys: ["?"], label: "These shortcuts" },
];

/** What else keys and pointers do, for the help. */
export const OTHER_KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["1 to 9", "Choose a class"],
  ["Alt", "With a tool: take away instead of adding"],
  ["Arrows", "Move the cursor by a pixel; with Ctrl by ten"],
  ["Space", "Use the tool at the cursor; held while the cursor moves, it draws"],
  ["Enter", "Close the polygon; accept the component"],
  ["Backspace", "Take back a corner of the polygon"],
  ["Escape", "Drop the polygon; select no component"],
  ["Delete, H", "Delete the component; fill its holes"],
  ["Shift+arrows", "Move the image"],
  ["+, −, 0", "Magnify, reduce, fit"],
  ["Wheel, pinch", "Magnify; two fingers, the middle button or Space and dragging move"],
];

/** The command of a pressed key, or null. */
export function commandOf(
  { key, ctrlKey, metaKey, shiftKey, altKey }: Pick<
    KeyboardEvent,
    "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey"
  >,
): Command | null {
  if (altKey) return null;
  const isCharacter = key.length === 1;
  const parts = [
    ...(ctrlKey || metaKey ? ["Ctrl"] : []),
    // Shift is part of the character itself, unless Ctrl makes a shortcut of it.
    ...(shiftKey && (ctrlKey || metaKey || !isCharacter) ? ["Shift"] : []),
    isCharacter ? key.toUpperCase() : key,
  ];
  const name = parts.join("+");
  return SHORTCUTS.find(({ keys }) => keys.includes(name))?.command ?? null;
}

/** The key of a command, for its button. */
export function keyOf(command: Command): string {
  return SHORTCUTS.find((each) => each.command === command)!.keys[0]!;
}

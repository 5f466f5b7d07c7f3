/**
 * What a tool of the editor is: it turns pointer and keys into edits, and knows no element of the page.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { BitTiles } from "../model/bit_tiles.ts";
import type { Point } from "../model/brush.ts";
import type { OverlapRule } from "../model/edit.ts";
import type { Connectivity, Values } from "../model/flood.ts";
import type { LabelDocument } from "../model/label_document.ts";

/** Values that flooding goes by. */
export type FloodSource = "image" | "probability";

/** What the user chose for all tools. */
export interface ToolSettings {
  /** Diameter of brush and eraser in pixels of the image. */
  brushSize: number;
  /** What painting does to other classes. */
  rule: OverlapRule;
  /** Whether erasing takes all classes, not only the chosen one. */
  eraseAll: boolean;
  /** What flooding goes by. */
  floodSource: FloodSource;
  /** How far intensities may differ from the one that was clicked, in levels of 255. */
  tolerance: number;
  /** The least probability that flooding takes, 0 to 1. */
  leastProbability: number;
  /** Which pixels touch. */
  connectivity: Connectivity;
  /** Whether flooding fills the holes of what it found. */
  fillHoles: boolean;
}

/** A component that was clicked. */
export interface Selection {
  /** Its class. */
  readonly classIndex: number;
  /** A pixel of it. */
  readonly at: Point;
  /** Its pixels. */
  readonly region: BitTiles;
  /** Whether it is none of the masks but of the version to compare with, from where it can be taken. */
  readonly isProposal: boolean;
}

/** What tools work on. */
export interface ToolHost {
  readonly document: LabelDocument;
  readonly settings: Readonly<ToolSettings>;
  /** The class that is painted. */
  readonly classIndex: number;
  /** The component that was clicked, or null. */
  selection: Selection | null;
  /** The masks of a class to compare with; null if none are shown. */
  compared(classIndex: number): BitTiles | null;
  /** Values to flood by; null if there are none. */
  values(source: FloodSource): Values | null;
  /** Tells the user something, on the screen and to screen readers. */
  say(text: string): void;
  /** The shape of the tool changed. */
  redraw(): void;
}

/** Where the pointer is. */
export interface ToolInput {
  /** Positions in the image since the last call, at least one; they may lie outside. */
  readonly points: readonly Point[];
  /** Whether the tool takes away instead of adding: the Alt key, or the eraser of a pen. */
  readonly inverse: boolean;
}

/** What a tool shows over the image. */
export type ToolShape =
  /** The outline of the brush; `diameter` is in pixels of the image. */
  | { readonly kind: "disc"; readonly at: Point; readonly diameter: number }
  /** Corners of a polygon that is being drawn; the last one follows the pointer. */
  | { readonly kind: "polygon"; readonly corners: readonly Point[] };

/** A tool. */
export interface EditorTool {
  /** The pointer goes down, or Space at the cursor. */
  down(input: ToolInput): void;
  /** The pointer moves, pressed or not. */
  move(input: ToolInput, isPressed: boolean): void;
  /** The pointer goes up. */
  up(): void;
  /** What was begun is dropped. */
  cancel(): void;
  /** The pointer left the image's pane. */
  leave(): void;
  /** A double click. */
  double?(): void;
  /** A key; true if the tool used it. */
  key?(key: string): boolean;
  /** What it shows, or null. */
  shape(): ToolShape | null;
}

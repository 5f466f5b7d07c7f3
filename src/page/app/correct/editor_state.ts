/**
 * What the parts of the editor share: the session, the chosen tool and class, what is compared; and who hears of changes.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Color } from "../../../image/draw.ts";
import { colorOfHex } from "../../../image/palette.ts";
import type { BitTiles } from "./model/bit_tiles.ts";
import type { Values } from "./model/flood.ts";
import type { LabelDocument } from "./model/label_document.ts";
import type { OverlayMask } from "./model/overlay.ts";
import type { Session } from "./session.ts";
import { keepSettings, type Settings } from "./settings.ts";
import type { ToolName } from "./shortcuts.ts";
import type { FloodSource, Selection, ToolHost, ToolSettings } from "./tools/tool.ts";

/** Masks to compare with. */
export interface Compared {
  /** `Revision 1`. */
  readonly label: string;
  readonly layers: ReadonlyMap<string, BitTiles>;
}

/** Probabilities of a prediction, by the class's name, at the image's size. */
export type Probabilities = (className: string) => Values | null;

/** What changed: `tiles` are pixels only. */
export type StateListener = (tiles: ReadonlySet<number> | null) => void;

/** The state of the editor. */
export class EditorState implements ToolHost {
  readonly #listeners = new Set<StateListener>();
  #stopListening: () => void = () => {};
  /** Where messages of tools go. */
  onSay: (text: string) => void = () => {};
  tool: ToolName = "brush";
  classIndex = 0;
  selection: Selection | null = null;
  /** What can be compared with, and whether it is shown. */
  reference: Compared | null = null;
  isComparing = false;
  areMasksHidden = false;
  /** Intensities of the image; null until they are needed and loaded. */
  intensities: Values | null = null;
  probabilities: Probabilities | null = null;
  /** Whether masks are on their way to the server. */
  isSaving = false;

  constructor(readonly session: Session, readonly all: Settings) {
    this.listenToDocument();
    this.classIndex = this.#firstUsedClass();
  }

  get document(): LabelDocument {
    return this.session.document;
  }

  get settings(): Readonly<ToolSettings> {
    return this.all.tools;
  }

  /** The first class that has pixels; the first one if none has. */
  #firstUsedClass(): number {
    const used = this.document.classes.findIndex(({ kind }, i) =>
      kind !== "ignore" && this.document.area(i) > 0
    );
    return Math.max(0, used);
  }

  compared(index: number): BitTiles | null {
    if (!this.isComparing || this.reference === null) return null;
    return this.reference.layers.get(this.document.classes[index]!.name) ?? null;
  }

  values(source: FloodSource): Values | null {
    if (source === "image") return this.intensities;
    return this.probabilities?.(this.document.classes[this.classIndex]!.name) ?? null;
  }

  say(text: string): void {
    this.onSay(text);
  }

  redraw(): void {
    for (const listener of this.#listeners) listener(NO_TILES);
  }

  /** Tells that anything but pixels changed. */
  changed(): void {
    for (const listener of this.#listeners) listener(null);
  }

  /** Changes settings of tools, and remembers them. */
  setTools(change: Partial<ToolSettings>): void {
    Object.assign(this.all.tools, change);
    keepSettings(this.all);
    this.changed();
  }

  /** Changes how masks are shown, and remembers that. */
  setView(change: Partial<Settings["view"]>): void {
    Object.assign(this.all.view, change);
    keepSettings(this.all);
    this.changed();
  }

  /** Calls `listener` after every change, until the returned function is called. */
  subscribe(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Hears of changes of the session's document; to be called again after it was replaced. */
  listenToDocument(): void {
    this.#stopListening();
    this.#stopListening = this.document.onChange((tiles) => {
      // A component that was painted over is no longer the one that was selected.
      if (tiles.size > 0) this.selection = null;
      for (const listener of this.#listeners) listener(tiles);
    });
  }

  /** The masks to draw, from the bottom up. */
  masks(): OverlayMask[] {
    if (this.areMasksHidden) return [];
    const { document, all: { view } } = this;
    const masks = document.classes.flatMap(({ color, kind }, index): OverlayMask[] => {
      if (document.area(index) === 0) return [];
      const isIgnored = kind === "ignore";
      return [{
        tiles: document.layer(index),
        color: toColor(color),
        fill: isIgnored ? Math.max(0.35, view.opacity) : view.filled ? view.opacity : 0,
        outline: isIgnored ? "none" : "solid",
        hatched: isIgnored,
      }];
    });
    if (this.isComparing && this.reference !== null) {
      for (const tiles of this.reference.layers.values()) {
        masks.push({ tiles, color: WHITE, fill: 0, outline: "dashed" });
      }
    }
    if (this.selection !== null) {
      masks.push({ tiles: this.selection.region, color: WHITE, fill: 0.25, outline: "solid" });
    }
    return masks;
  }
}

const NO_TILES: ReadonlySet<number> = new Set();
const WHITE: Color = [255, 255, 255];

function toColor(hex: string): Color {
  return colorOfHex(hex) ?? WHITE;
}

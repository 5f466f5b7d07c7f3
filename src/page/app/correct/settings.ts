/**
 * What the annotator chose, remembered by the browser.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ToolSettings } from "./tools/tool.ts";

/** How masks are shown. */
export interface ViewSettings {
  /** Opacity of areas, 0 to 1. */
  opacity: number;
  /** Whether areas are filled; their borders always are drawn. */
  filled: boolean;
  /** Brightness and contrast of the image, 1 for its own. */
  brightness: number;
  contrast: number;
}

/** All that is remembered. */
export interface Settings {
  readonly tools: ToolSettings;
  readonly view: ViewSettings;
  /** As typed. */
  annotator: string;
}

const KEY = "correct-settings";

/** What a new annotator begins with. */
function defaults(): Settings {
  return {
    tools: {
      brushSize: 12,
      rule: "replace",
      eraseAll: false,
      floodSource: "image",
      tolerance: 16,
      leastProbability: 0.5,
      connectivity: 8,
      fillHoles: true,
    },
    view: { opacity: 0.35, filled: true, brightness: 1, contrast: 1 },
    annotator: "",
  };
}

/** The remembered settings; those of the wrong kind are left out. */
export function readSettings(text: string | null = localStorage.getItem(KEY)): Settings {
  const settings = defaults();
  try {
    const kept: unknown = JSON.parse(text ?? "{}");
    take(settings.tools, part(kept, "tools"));
    take(settings.view, part(kept, "view"));
    take(settings, { annotator: (kept as { annotator?: unknown }).annotator });
  } catch {
    // Damaged: as if there were none.
  }
  // Brightness and contrast belong to the image that was looked at.
  Object.assign(settings.view, { brightness: 1, contrast: 1 });
  return settings;
}

/** Remembers the settings. */
export function keepSettings(settings: Settings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}

/** The values that settings may have; others of the same type are numbers within these bounds. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number] | readonly string[]>> = {
  brushSize: [1, 1024],
  rule: ["replace", "keep", "overlap"],
  floodSource: ["image", "probability"],
  tolerance: [0, 255],
  leastProbability: [0, 1],
  connectivity: [4, 8],
  opacity: [0, 1],
};

function part(value: unknown, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}

/** Takes over values of the same type that are within their bounds. */
function take(target: object, kept: unknown): void {
  const known = target as Record<string, unknown>;
  for (const [name, value] of Object.entries(kept ?? {})) {
    if (!Object.hasOwn(known, name) || typeof known[name] !== typeof value) continue;
    const bounds = BOUNDS[name];
    const isWithin = typeof value === "number" && bounds !== undefined
      ? value >= (bounds[0] as number) && value <= (bounds[1] as number)
      : bounds === undefined || (bounds as readonly unknown[]).includes(value);
    if (isWithin) known[name] = value;
  }
}

/**
 * What the masks can start from or be compared with, and all saved versions. This module is browser compatible.
 *
 * @module
 */
import { fill, h } from "../../dom.ts";
import type { CorrectionVersion, MaskRegion } from "../../../api/corrections.ts";
import type { Compared, EditorState } from "../editor_state.ts";
import { BitTiles } from "../model/bit_tiles.ts";
import { countMissing, layersOf } from "../model/masks.ts";
import type { PredictionSource } from "../predictions.ts";
import type { Origin } from "../session.ts";
import { keyOf } from "../shortcuts.ts";
import { createTick, type Panel, panelElement, pixelsInWords } from "./panel.ts";

/** What the panel asks for. */
export interface VersionActions {
  /** What can predict the image. */
  sources(): Promise<readonly PredictionSource[]>;
  /** Starts from a prediction. */
  predict(source: PredictionSource): void;
  /** Tells what went wrong. */
  fail(error: unknown): void;
}

const ANNOTATION: Origin = { source: "annotation", model: null, before: null };
const EMPTY: Origin = { source: "empty", model: null, before: null };

/** Buttons to start again, and the list of versions. */
export function createVersionsPanel(state: EditorState, actions: VersionActions): Panel {
  const { session } = state;
  const start = (label: string, regions: readonly MaskRegion[], origin: Origin) => {
    session.startFrom(label, layersOf(session.image, regions), origin);
    state.say(`${label}. Undo brings back what was there.`);
    state.changed();
  };
  const button = (text: string, action: () => void) => h("button", { type: "button", onclick: action }, text);
  const fromAnnotation = button(
    "Annotation",
    () => start("Start from the annotation", session.image.annotation!, ANNOTATION),
  );
  const select = h("select", { "aria-label": "Prediction to start from" });
  const fromPrediction = button("Prediction", () => {
    const source = sources[select.selectedIndex];
    if (source !== undefined) actions.predict(source);
  });
  let sources: readonly PredictionSource[] = [];
  const showSources = () => {
    fill(select, sources.map(({ label }) => h("option", {}, label)));
    select.hidden = fromPrediction.hidden = sources.length === 0;
  };
  showSources();
  actions.sources().then((found) => {
    sources = found;
    showSources();
  }, actions.fail);
  const fromNothing = button("Nothing", () => start("Start from nothing", [], EMPTY));

  const compare = createTick("", (isComparing) => {
    state.isComparing = isComparing;
    state.changed();
  });
  const difference = h("p", { class: "muted" });
  const list = h("ol", { class: "correct-versions" });
  const load = async (version: CorrectionVersion, use: (regions: readonly MaskRegion[]) => void) => {
    try {
      use((await session.version(version.revision)).regions);
    } catch (error) {
      actions.fail(error);
    }
  };
  const nameOf = ({ revision }: CorrectionVersion) =>
    revision === 0 ? "before the first correction" : `revision ${revision}`;
  const row = (version: CorrectionVersion) => {
    const name = nameOf(version);
    return h(
      "li",
      {},
      h(
        "div",
        { class: "correct-version" },
        h("strong", {}, version.revision === 0 ? "Before" : version.revision),
        h("span", {}, version.annotator ?? `${version.source}`),
        h(
          "time",
          { datetime: version.time, class: "muted" },
          version.revision === 0 ? "" : localTime(version.time),
        ),
      ),
      h(
        "div",
        { class: "correct-buttons" },
        h("button", {
          type: "button",
          "aria-label": `Compare with ${name}`,
          onclick: () =>
            load(version, (regions) => {
              state.reference = { label: name, layers: layersOf(session.image, regions) };
              state.isComparing = true;
              state.changed();
            }),
        }, "Compare"),
        h("button", {
          type: "button",
          "aria-label": `Restore ${name}`,
          onclick: () => load(version, (regions) => start(`Restore ${name}`, regions, ANNOTATION)),
        }, "Restore"),
      ),
    );
  };
  const history = h("h3", {}, "Saved versions");
  let shown: unknown = null;
  let counted: readonly [state: number, reference: Compared | null] = [-1, null];
  return {
    element: panelElement(
      "Versions",
      h("h3", {}, "Start from"),
      h("div", { class: "correct-buttons" }, fromAnnotation, fromNothing),
      h("div", { class: "correct-predictions" }, fromPrediction, select),
      compare.element,
      difference,
      history,
      list,
    ),
    update() {
      const { versions, annotation } = session.image;
      fromAnnotation.hidden = annotation === null;
      compare.element.hidden = state.reference === null;
      compare.element.lastChild!.textContent = `Compare with ${state.reference?.label ?? ""} (${
        keyOf("compare")
      })`;
      compare.checked = state.isComparing;
      difference.hidden = !state.isComparing || state.reference === null;
      // Counted once per step: of a large image it is too much for every move of the pointer.
      const pair = [state.document.state, state.reference] as const;
      if (!difference.hidden && (counted[0] !== pair[0] || counted[1] !== pair[1])) {
        counted = pair;
        difference.textContent = describeDifference(state, state.reference!);
      }
      if (shown === versions) return;
      shown = versions;
      history.hidden = versions.length === 0;
      fill(list, versions.toReversed().map(row));
    },
  };
}

/** How many pixels were added and removed since a version, over all classes. */
export function describeDifference(
  { document }: Pick<EditorState, "document">,
  { layers }: Compared,
): string {
  let added = 0, removed = 0;
  document.classes.forEach(({ name, kind }, index) => {
    if (kind === "ignore") return;
    const before = layers.get(name) ?? new BitTiles(document);
    added += countMissing(document.layer(index), before);
    removed += countMissing(before, document.layer(index));
  });
  if (added + removed === 0) return "No differences.";
  return `${pixelsInWords(added)} added, ${pixelsInWords(removed)} removed (dashed: the other version).`;
}

/** A time as people write it where they are. */
function localTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

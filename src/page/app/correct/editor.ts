/**
 * The editor of one image: viewer, tools and panels.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ApiError } from "../api.ts";
import { h, on } from "../dom.ts";
import type { Page } from "../view.ts";
import { ImageViewer } from "../viewer/image_viewer.ts";
import { bitmapLayer } from "../viewer/layers.ts";
import { zoomButtons } from "../viewer/toolbar.ts";
import { Viewport } from "../viewer/viewport.ts";
import { CanvasInput } from "./canvas_input.ts";
import { askConflict, askDraft } from "./dialogs.ts";
import { confirmBackground, describePixel, referenceOf } from "./editor_actions.ts";
import { type KeyActions, pressKey } from "./editor_keys.ts";
import { EditorState } from "./editor_state.ts";
import { filtered, intensitiesOf, loadBitmap } from "./image_pixels.ts";
import type { Point } from "./model/brush.ts";
import type { Part } from "./model/components.ts";
import { layersOf } from "./model/masks.ts";
import { OverlayLayer, shapeLayer } from "./overlay_layer.ts";
import { createClassPanel } from "./panels/class_panel.ts";
import { createDoubtBar } from "./panels/doubt_bar.ts";
import { showHelp } from "./panels/help_dialog.ts";
import { createOptionsPanel, otherBrushSize } from "./panels/options_panel.ts";
import { createPartsPanel } from "./panels/parts_panel.ts";
import { createSavePanel } from "./panels/save_panel.ts";
import { createToolbar } from "./panels/toolbar.ts";
import { createVersionsPanel } from "./panels/versions_panel.ts";
import { createViewPanel } from "./panels/view_panel.ts";
import type { Predictions, PredictionSource } from "./predictions.ts";
import type { Session } from "./session.ts";
import { readSettings } from "./settings.ts";
import type { Command } from "./shortcuts.ts";
import { BrushTool } from "./tools/brush_tool.ts";
import { FloodTool } from "./tools/flood_tool.ts";
import { PartTool } from "./tools/part_tool.ts";
import { PolygonTool } from "./tools/polygon_tool.ts";
import type { EditorTool } from "./tools/tool.ts";

/** What the editor asks of the list around it. */
export interface EditorHost {
  readonly page: Page;
  /** Predicts images. */
  readonly predictions: Predictions;
  /** Opens the image before or after this one. */
  go(step: -1 | 1): void;
  /** The image was saved. */
  saved(): Promise<void>;
}

/** An open editor. */
export interface Editor {
  readonly element: HTMLElement;
  /** Whether there is work that is not saved. */
  readonly isDirty: boolean;
  /** Ends it; unsaved work stays as a draft. */
  close(): Promise<void>;
}

/** Makes the editor of an opened image. */
export function createEditor(session: Session, host: EditorHost): Editor {
  const { page } = host;
  const { image } = session;
  const state = new EditorState(session, readSettings());
  state.reference = referenceOf(session);
  const ending = new AbortController();

  const viewport = new Viewport(image);
  const viewer = new ImageViewer({
    label: `Image ${image.fileName} with its masks`,
    viewport,
    arrowsPan: false,
  });
  const zoom = zoomButtons(viewer, { nativeKey: null });
  const overlay = new OverlayLayer(image, () => state.masks());
  const flood = new FloodTool(state);
  const tools: Readonly<Record<string, EditorTool>> = {
    brush: new BrushTool(state, false),
    eraser: new BrushTool(state, true),
    polygon: new PolygonTool(state),
    flood,
    part: new PartTool(state),
  };
  const activeTool = () => tools[state.tool] ?? null;
  const pixel = h("output", { class: "correct-pixel", "aria-label": "Pixel" });
  const message = h("span", { class: "correct-message" });
  state.onSay = (text) => {
    message.textContent = message.title = text;
    page.announce(text);
  };
  const showPixel = (at: Point | null) => pixel.textContent = at === null ? "" : describePixel(state, at);
  const input = new CanvasInput(viewer, image, activeTool, showPixel);
  const shapes = shapeLayer(image, () => activeTool()?.shape() ?? null, () => input.cursor);

  let bitmap: ImageBitmap | null = null;
  const layers = () => {
    const { brightness, contrast } = state.all.view;
    const shown = bitmap === null ? [] : [filtered(bitmapLayer(bitmap), brightness, contrast)];
    viewer.setLayers([...shown, overlay, shapes]);
  };

  const fail = (error: unknown) => {
    const hint = error instanceof ApiError ? error.hint : null;
    page.toast(`${error instanceof Error ? error.message : error}${hint ? ` (${hint})` : ""}`, "error");
  };
  const show = ({ box }: Part) => {
    const { pane } = viewer;
    const scale = Math.min(pane.width / box.width, pane.height / box.height) / 3;
    viewport.lookAt({ x: box.x + box.width / 2, y: box.y + box.height / 2 }, Math.min(scale, 8), pane);
  };
  const run = (command: Command) => void runCommand(command).catch(fail);
  const toolbar = createToolbar(state, run);
  const save = createSavePanel(state, run);
  const parts = createPartsPanel(state, show);
  const doubt = createDoubtBar(state, () => run("background"));
  const versions = createVersionsPanel(state, {
    sources: () => host.predictions.sources(image.split),
    predict: (source) => void startFromPrediction(source).catch(fail),
    fail,
  });
  const panels = [
    toolbar,
    save,
    createClassPanel(state),
    createOptionsPanel(state, flood),
    createViewPanel(state),
    parts,
    versions,
    doubt,
  ];
  const [, , classes, options, view] = panels;
  const progress = h("p", { class: "correct-progress", role: "status", hidden: true });

  const update = () => panels.forEach((panel) => panel.update());
  let lastTool = state.tool;
  let frame = 0;
  const stopState = state.subscribe((tiles) => {
    if (tiles === null) {
      if (lastTool !== state.tool) {
        tools[lastTool]?.cancel();
        lastTool = state.tool;
        input.useTool();
      }
      overlay.invalidate();
      layers();
    } else if (tiles.size > 0) overlay.invalidate(state.isComparing ? undefined : tiles);
    viewer.redraw();
    if (frame === 0) {
      frame = requestAnimationFrame(() => {
        frame = 0;
        update();
      });
    }
  });

  async function runCommand(command: Command): Promise<void> {
    const { document } = state;
    if (command in tools || command === "move") {
      state.tool = command as typeof state.tool;
      state.changed();
    } else if (command === "undo" || command === "redo") {
      activeTool()?.cancel();
      const done = document[command]();
      const what = command === "undo" ? "Undone" : "Done again";
      state.say(done === null ? `Nothing to ${command}.` : `${what}: ${done}.`);
      state.changed();
    } else if (command === "smaller" || command === "larger") {
      state.setTools({ brushSize: otherBrushSize(state.settings.brushSize, command === "larger" ? 1 : -1) });
      state.say(`Brush of ${state.settings.brushSize} pixels.`);
    } else if (command === "outline") state.setView({ filled: !state.all.view.filled });
    else if (command === "hide") {
      state.areMasksHidden = !state.areMasksHidden;
      state.say(state.areMasksHidden ? "Masks hidden." : "Masks shown.");
      state.changed();
    } else if (command === "compare") {
      state.isComparing = !state.isComparing && state.reference !== null;
      state.changed();
    } else if (command === "next-part") {
      state.tool = "part";
      viewer.canvas.focus({ preventScroll: true });
      parts.next();
    } else if (command === "background") confirmBackground(state);
    else if (command === "next") host.go(1);
    else if (command === "previous") host.go(-1);
    else if (command === "help") await showHelp();
    else if (command === "save") await saveMasks();
    else if (command === "save-next" && await saveMasks()) host.go(1);
  }

  /** Saves; false if that was not possible, or was not wanted. */
  async function saveMasks(base?: number | null): Promise<boolean> {
    const annotator = save.annotator();
    if (annotator === null || state.isSaving) return false;
    activeTool()?.cancel();
    state.document.endEdit();
    if (!state.document.isDirty && session.image.newest !== null && base === undefined) {
      state.say(`Nothing to save: revision ${session.image.newest.revision} has these masks.`);
      return true;
    }
    // Else the next shortcut would be typed into the name.
    if (save.element.contains(document.activeElement)) viewer.canvas.focus({ preventScroll: true });
    state.isSaving = true;
    state.changed();
    try {
      const result = await session.save(annotator, base);
      if (result.kind === "conflict") return await askAboutConflict();
      state.say(`Saved as revision ${result.revision}.`);
      await host.saved();
      return true;
    } finally {
      state.isSaving = false;
      state.changed();
    }
  }

  /** Somebody saved in the meantime: both versions are kept, whatever the annotator chooses. */
  async function askAboutConflict(): Promise<boolean> {
    const now = await session.read();
    const { newest } = now;
    state.isSaving = false;
    const answer = await askConflict(newest);
    if (answer === "mine") return await saveMasks(newest?.revision ?? null);
    if (answer === "theirs" && newest !== null) {
      session.adopt(now);
      state.say(`Revision ${newest.revision} loaded. Undo brings yours back.`);
      state.changed();
    }
    return false;
  }

  async function startFromPrediction(source: PredictionSource): Promise<void> {
    progress.hidden = false;
    const say = (text: string) => progress.textContent = text;
    try {
      const { probabilities, layers, regions, model } = await host.predictions.predict(
        source,
        session.image,
        say,
        ending.signal,
      );
      if (ending.signal.aborted) return;
      state.probabilities = probabilities;
      session.startFrom("Start from the prediction", layers, {
        source: "prediction",
        model,
        before: regions,
      });
      state.reference = { label: "the prediction", layers: layersOf(image, regions) };
      state.say("Masks of the prediction. Undo brings back what was there.");
      state.changed();
    } finally {
      progress.hidden = true;
    }
  }

  const keys: KeyActions = {
    useTool(key) {
      const isUsed = activeTool()?.key?.(key) ?? false;
      if (isUsed) state.changed();
      return isUsed;
    },
    run,
    chooseClass,
  };
  const closers = [
    on(globalThis as unknown as EventTarget, "keydown", (event: KeyboardEvent) => pressKey(event, keys)),
    on(globalThis as unknown as EventTarget, "beforeunload", (event: BeforeUnloadEvent) => {
      if (!state.document.isDirty) return;
      event.preventDefault();
      session.keepDraft().catch(() => {});
    }),
    on(document, "visibilitychange", () => {
      if (document.visibilityState === "hidden" && state.document.isDirty) {
        session.keepDraft().catch(() => {});
      }
    }),
  ];

  function chooseClass(index: number): void {
    const chosen = state.document.classes[index];
    if (chosen === undefined) return;
    state.classIndex = index;
    state.say(`Class ${chosen.name}.`);
    state.changed();
  }

  async function load(): Promise<void> {
    const { split, fileName } = image;
    const url = page.api.url(["corrections", "pixels", split, fileName]);
    bitmap = await loadBitmap(url, image, ending.signal);
    layers();
    // After the first frame: large images take a moment.
    setTimeout(() => {
      if (bitmap !== null && !ending.signal.aborted) state.intensities = intensitiesOf(bitmap);
    });
  }

  async function lookForDraft(): Promise<void> {
    const found = await session.findDraft();
    if (found !== null && !ending.signal.aborted) await askAboutDraft(found);
  }

  async function askAboutDraft(found: NonNullable<Awaited<ReturnType<Session["findDraft"]>>>): Promise<void> {
    const answer = await askDraft(image.fileName, found.draft.time);
    if (ending.signal.aborted) return;
    if (answer === "drop") await session.dropDraft(found.key);
    else if (answer === "restore") {
      await session.restore(found);
      state.listenToDocument();
      state.say("Unsaved masks restored.");
      state.changed();
    }
  }

  layers();
  update();
  const report = (error: unknown) => {
    if (ending.signal.aborted) return;
    fail(error);
    state.say(error instanceof Error ? error.message : `${error}`);
  };
  load().catch(report);
  // Not after the image: unsaved work is there whether the image is or not.
  lookForDraft().catch(report);

  return {
    element: h(
      "div",
      { class: "correct" },
      toolbar.element,
      h(
        "div",
        { class: "correct-image" },
        doubt.element,
        viewer.element,
        h("div", { class: "correct-below" }, zoom.element, pixel, message),
        progress,
      ),
      h(
        "div",
        { class: "correct-side" },
        [classes, options, view, versions, parts].map((panel) => panel!.element),
      ),
      save.element,
    ),
    get isDirty() {
      return state.document.isDirty;
    },
    async close() {
      ending.abort();
      cancelAnimationFrame(frame);
      stopState();
      input.close();
      zoom.close();
      viewer.close();
      parts.close();
      closers.forEach((close) => close());
      activeTool()?.cancel();
      bitmap?.close();
      await session.close();
    },
  };
}

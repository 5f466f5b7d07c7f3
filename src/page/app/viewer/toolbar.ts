/**
 * Buttons that magnify and reduce an image, for those who do not use wheel or keys.
 * This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import { type ImageViewer, ZOOM_STEP } from "./image_viewer.ts";

/**
 * Buttons for a pane and those that share its viewport, with the current magnification. Call `close` when it is gone.
 * `nativeKey` is null where the digit means something else.
 */
export function zoomButtons(
  viewer: ImageViewer,
  { nativeKey = "1" }: { readonly nativeKey?: string | null } = {},
): { readonly element: HTMLElement; close(): void } {
  const level = h("output", { class: "viewer-level", "aria-label": "Magnification" });
  const button = (text: string, label: string, key: string | null, press: () => void) =>
    h("button", {
      type: "button",
      "aria-label": label,
      title: key === null ? label : `${label} (${key})`,
      "aria-keyshortcuts": key,
      onclick: press,
    }, text);
  const update = () => {
    const scale = viewer.viewport.scaleIn(viewer.pane) * devicePixelRatio;
    level.textContent = `${scale < 1 ? Math.round(100 * scale) : Math.round(10 * scale) * 10} %`;
  };
  const observer = new ResizeObserver(update);
  observer.observe(viewer.element);
  const unsubscribe = viewer.viewport.subscribe(update);
  const element = h(
    "div",
    { class: "viewer-buttons", role: "group", "aria-label": "Magnification" },
    button("−", "Reduce", "-", () => viewer.zoomBy(1 / ZOOM_STEP)),
    level,
    button("+", "Magnify", "+", () => viewer.zoomBy(ZOOM_STEP)),
    button("Fit", "Fit the whole image", "0", () => viewer.viewport.fit()),
    button("1:1", "Native resolution", nativeKey, () => viewer.showNative()),
  );
  update();
  return {
    element,
    close() {
      observer.disconnect();
      unsubscribe();
    },
  };
}

/**
 * The static site: one model, no server. This module is browser compatible.
 *
 * @module
 */
import type { SiteSettings } from "../../api/site.ts";
import { PredictApp } from "../predict/predict_app.ts";
import { showToast } from "../widgets/toast.ts";
import { keepOffline } from "./offline.ts";

function place(selector: string): HTMLElement {
  return document.querySelector<HTMLElement>(selector)!;
}

const settings = JSON.parse(place("#settings").textContent!) as SiteSettings;
const root = place("main");

/**
 * The address of the Worker's script in memory: such a Worker obeys the policy of this page, and connects to no other
 * host whatever its script says.
 */
async function workerInMemory(): Promise<string> {
  const response = await fetch(settings.worker);
  if (!response.ok) {
    throw new Error(
      `Cannot load ${settings.worker}: the server answered with status ${response.status}\n` +
        "hint: upload the whole folder, and load the page again",
    );
  }
  return URL.createObjectURL(new Blob([await response.blob()], { type: "text/javascript" }));
}

place(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  root.focus();
});

root.replaceChildren();
new PredictApp(root, {
  models: [settings.model],
  worker: workerInMemory,
  onReady: () => void keepOffline({ line: place("#offline"), update: place("#update") }),
  announce: (text) => place("#announcer").textContent = text,
  toast: (text, kind) => showToast(place(".toasts"), text, kind),
});

/**
 * Installs the service worker, and says whether the page works offline and whether a new version waits.
 * This module is browser compatible.
 *
 * @module
 */
import { fill, h } from "../dom.ts";

/** Places on the page. */
export interface OfflinePlaces {
  /** Says whether the page works offline. */
  readonly line: HTMLElement;
  /** Offers a new version. */
  readonly update: HTMLElement;
}

/** Registers the service worker; called when all files have been loaded once, so that none is loaded twice. */
export async function keepOffline({ line, update }: OfflinePlaces): Promise<void> {
  const { serviceWorker } = navigator;
  if (serviceWorker === undefined) return;
  let isReloading = false;
  // At the first visit the page has no service worker, and gets one without being loaded again.
  const hadController = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => {
    if (!hadController || isReloading) return;
    isReloading = true;
    location.reload();
  });
  try {
    const registration = await serviceWorker.register("service_worker.js", { updateViaCache: "none" });
    const offer = () => registration.waiting !== null && offerUpdate(update, registration.waiting);
    offer();
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => {
        if (installing.state === "installed" && serviceWorker.controller !== null) offer();
        if (installing.state === "redundant" && registration.active === null) {
          line.textContent = "Not kept for offline use";
        }
      });
    });
    await serviceWorker.ready;
    line.textContent = "Works offline";
  } catch {
    // Such as a private window, or a full disk: the page works as long as its server does.
    line.textContent = "Not kept for offline use";
  }
}

function offerUpdate(place: HTMLElement, waiting: ServiceWorker): void {
  place.hidden = false;
  fill(
    place,
    h("span", {}, "A new version of this page is ready. Results that are not saved are lost when it loads."),
    h("button", { type: "button", onclick: () => waiting.postMessage("activate") }, "Load it"),
  );
}

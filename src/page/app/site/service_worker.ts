/**
 * The service worker of the static site: keeps one version of it whole, and answers from that.
 * This module is browser compatible.
 *
 * @module
 */
import type { SiteVersion } from "../../api/site.ts";

/** An event that is not over before a promise is. */
interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}

/** A request of a page, its worker, or the browser. */
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The global scope, of which TypeScript's DOM types know nothing. */
interface Scope {
  /** What `page` wrote in front of this script. */
  readonly SITE: SiteVersion;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

const scope = self as unknown as Scope;
const root = scope.registration.scope;

/** Sites in other folders of the same server have caches of their own. */
const prefix = `unet-page ${root} `;
const cacheName = prefix + scope.SITE.version;

/** Keeps every file of this version, each with the content that it must have, or none. */
async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  try {
    // One by one: the model is large, and a server that is asked for all at once may refuse.
    for (const { name, integrity, named } of scope.SITE.files) {
      // A name with a hash has one content for ever; the page has just loaded it.
      const response = await fetch(new URL(name, root), {
        integrity,
        cache: named ? "force-cache" : "no-cache",
        credentials: "same-origin",
      });
      if (!response.ok) throw new Error(`${name}: status ${response.status}`);
      await cache.put(new URL(name, root), response);
    }
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

/** Removes the versions before this one. */
async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
  }
  await scope.clients.claim();
}

/** A file of this version; what is not part of the site is left to the network of the same server. */
async function respond(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const name = url.pathname === new URL(root).pathname ? "index.html" : url.pathname;
  const cache = await caches.open(cacheName);
  const kept = await cache.match(new URL(name, root), { ignoreSearch: true });
  return kept ?? await fetch(request);
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("message", ({ data }) => {
  if (data === "activate") scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(root)) event.respondWith(respond(event.request));
});

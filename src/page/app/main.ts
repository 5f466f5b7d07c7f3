/**
 * The page. This module is browser compatible.
 *
 * @module
 */
import { Api } from "./api.ts";
import { fill, h } from "./dom.ts";
import { startRouter } from "./router.ts";
import { type Page, type View, viewHash } from "./view.ts";
import { VIEWS } from "./views.ts";
import { showToast } from "./widgets/toast.ts";

const root = document.querySelector<HTMLElement>("main")!;
const nav = document.querySelector<HTMLElement>(".shell-nav")!;
const toasts = document.querySelector<HTMLElement>(".toasts")!;
const announcer = document.querySelector<HTMLElement>("#announcer")!;
const name = document.title;

const page: Page = {
  api: new Api(),
  navigate: (hash) => location.hash = hash,
  replace: (hash) => history.replaceState(null, "", hash),
  announce: (text) => announcer.textContent = text,
  toast: (text, kind) => showToast(toasts, text, kind),
  // The router's.
  guardLeaving: () => {},
  setTitle: (text) => document.title = `${text} · ${name}`,
};

function drawNavigation({ name, under = name }: View): void {
  const links = VIEWS.filter((view) => view.under === undefined).map((view) =>
    h(
      "a",
      { href: viewHash(view.name), "aria-current": view.name === under ? "page" : null },
      view.title,
    )
  );
  fill(nav, links);
}

// The link would otherwise be an address of a view.
document.querySelector(".skip")!.addEventListener("click", (event) => {
  event.preventDefault();
  root.focus();
});

startRouter({
  views: VIEWS,
  root,
  page,
  onOpen(view) {
    drawNavigation(view);
    page.setTitle(view.title);
  },
});

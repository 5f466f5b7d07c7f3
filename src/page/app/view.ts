/**
 * A view: one of the page's pages.
 * This module is browser compatible.
 *
 * @module
 */
import type { Api } from "./api.ts";
import type { ToastKind } from "./widgets/toast.ts";

/** A view, opened by an address such as `#/NAME/rest/of/path`. */
export interface View {
  /** The first part of its address. */
  readonly name: string;
  /** Its heading, and the title of the window. */
  readonly title: string;
  /** The entry of the navigation that it belongs to; its own name unless given. */
  readonly under?: string;
  /** Draws into `root`, which is empty; returns what closes it. `path` is the rest of the address, decoded. */
  open(root: HTMLElement, path: readonly string[], page: Page): (() => void) | Promise<() => void>;
}

/** What a view may use. */
export interface Page {
  /** The server. */
  readonly api: Api;
  /** Goes to an address, such as `viewHash("run", name)`. */
  navigate(hash: string): void;
  /** Replaces the address without opening the view again: what is selected stays when the page is reloaded. */
  replace(hash: string): void;
  /** Says something to screen readers. */
  announce(text: string): void;
  /** Shows a message for some seconds. */
  toast(text: string, kind?: ToastKind): void;
  /** Asks `ask` before another view opens, which then opens only if it says so; null asks nothing. */
  guardLeaving(ask: (() => Promise<boolean>) | null): void;
  /** The window's title gets this in front, such as a run's name. */
  setTitle(text: string): void;
}

/** The address of a view. */
export function viewHash(name: string, ...path: readonly string[]): string {
  return `#/${[name, ...path].map(encodeURIComponent).join("/")}`;
}

/**
 * What the page computes with, whether that is proven, and what the model is.
 * This module is browser compatible.
 *
 * @module
 */
import type { ModelInfo } from "../../api/model.ts";
import { fill, h } from "../dom.ts";
import type { EngineState } from "./engine.ts";
import type { SessionState } from "./session.ts";
import { describeModel, describeProgress, describeProof, describeRefused, shareOf } from "./status_text.ts";

/** What the panel needs. */
export interface StatusPanelOptions {
  /** Opens the engine again after a failure. */
  readonly onRetry: () => void;
  /** Says something to screen readers. */
  readonly announce: (text: string) => void;
}

/** Words that stay on the page as long as images can be predicted. */
const PROMISE = "No image leaves this machine. Not a medical device: for research only.";

/** The panel; add its `element` to the page. */
export class StatusPanel {
  readonly element: HTMLElement;
  readonly #line: HTMLElement = h("p", { class: "predict-line" });
  readonly #bar: HTMLProgressElement = h("progress", { max: 1, "aria-label": "Opening", hidden: true });
  readonly #refused: HTMLElement = h("p", { class: "predict-refused", hidden: true });
  readonly #failure: HTMLElement = h("div", {});
  readonly #about: HTMLElement = h("dl", { class: "predict-about" });
  readonly #options: StatusPanelOptions;
  #said = "";

  /** An empty panel. */
  constructor(options: StatusPanelOptions) {
    this.#options = options;
    this.element = h(
      "div",
      { class: "predict-status" },
      this.#line,
      this.#bar,
      this.#refused,
      this.#failure,
      h("p", { class: "predict-promise" }, PROMISE),
      h(
        "details",
        {},
        h("summary", {}, "About this model"),
        this.#about,
      ),
    );
  }

  /** Shows a model. */
  setModel(info: ModelInfo): void {
    fill(this.#about, describeModel(info).map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
  }

  /** Shows what the engine does. */
  setState(state: SessionState): void {
    this.#line.dataset.state = state.kind;
    fill(this.#failure);
    this.#bar.hidden = state.kind !== "opening";
    this.#line.hidden = state.kind === "failed";
    if (state.kind === "failed") return this.#showFailure(state.error);
    if (state.kind === "opening") {
      this.#refused.hidden = true;
      this.#line.textContent = describeProgress(state.progress);
      this.#showShare(shareOf(state.progress));
      this.#say(
        state.progress.phase === "self-test" ? "Proving the kernels" : describeProgress(state.progress),
      );
      return;
    }
    this.#showReady(state.engine.state, state.event);
  }

  #showReady(state: EngineState, event: string | null): void {
    const refused = describeRefused(state);
    this.#refused.hidden = refused === "";
    this.#refused.textContent = refused;
    fill(
      this.#line,
      h("strong", {}, "Ready. "),
      describeProof(state),
      event === null ? null : ` ${event}`,
    );
    this.#say(this.#line.textContent!);
  }

  #showFailure(error: Error): void {
    const [message, hint] = error.message.split("\nhint: ");
    this.#refused.hidden = true;
    fill(
      this.#failure,
      h(
        "div",
        { class: "error", role: "alert" },
        h("p", {}, message),
        hint ? h("p", { class: "hint" }, `What to do: ${hint}.`) : null,
        h("p", {}, h("button", { type: "button", onclick: this.#options.onRetry }, "Try again")),
      ),
    );
  }

  #showShare(share: number | null): void {
    // Without a value the bar says that something is in progress.
    if (share === null) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
  }

  #say(text: string): void {
    // Progress in bytes would never stop talking.
    const short = text.replace(/:.*/, "");
    if (short !== this.#said) this.#options.announce(this.#said = short);
  }
}

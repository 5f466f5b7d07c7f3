/**
 * The engine of the chosen model: opened, replaced when another is chosen, and what it is doing meanwhile.
 * This module is browser compatible.
 *
 * @module
 */
import { createEngine, type Engine, type EngineProgress } from "./engine.ts";

/** What the engine is doing. */
export type SessionState =
  | { readonly kind: "opening"; readonly progress: EngineProgress }
  | { readonly kind: "ready"; readonly engine: Engine; readonly event: string | null }
  | { readonly kind: "failed"; readonly error: Error };

/** Settings of a {@linkcode Session}. */
export interface SessionOptions {
  /** The address of the Worker's script; the engine's own by default. */
  readonly worker?: () => Promise<string>;
  /** Called when the state has changed. */
  readonly onChange: (state: SessionState) => void;
}

/** At most one engine at a time. */
export class Session {
  readonly #options: SessionOptions;
  #engine: Engine | null = null;
  #abort: AbortController | null = null;

  /** Without an engine. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Opens the engine of a model, by the address of its file; the one before is closed. Never rejects. */
  async open(model: string): Promise<void> {
    this.close();
    const abort = new AbortController();
    this.#abort = abort;
    const { onChange, worker } = this.#options;
    const change = (state: SessionState) => abort.signal.aborted || onChange(state);
    change({ kind: "opening", progress: { phase: "model", loaded: 0, total: null } });
    try {
      const address = await worker?.();
      const engine = await createEngine({
        model,
        ...(address === undefined ? {} : { worker: address }),
        signal: abort.signal,
        onProgress: (progress) => change({ kind: "opening", progress }),
        onEvent: ({ message }, engine) => change({ kind: "ready", engine, event: message }),
      });
      if (abort.signal.aborted) return engine.close();
      this.#engine = engine;
      change({ kind: "ready", engine, event: null });
    } catch (error) {
      change({ kind: "failed", error: error instanceof Error ? error : new Error(`${error}`) });
    }
  }

  /** Ends the engine, or its opening. */
  close(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.#engine?.close();
    this.#engine = null;
  }
}

/**
 * What the page knows of the dataset: asked once, and again while the server reads the images.
 * This module is browser compatible.
 *
 * @module
 */
import type { DatasetSummary, Duplicates, FileProblem, SurveyState } from "../../api/dataset.ts";
import type { Api } from "../api.ts";
import { type ImageItem, itemsOf } from "./dataset_items.ts";

/** Milliseconds between two looks at the survey. */
const EVERY_MS = 1000;

/** The dataset as it is known now. */
export interface KnownDataset {
  readonly summary: DatasetSummary;
  /** All images of all splits; those of which nothing has changed are the same objects. */
  readonly items: readonly ImageItem[];
  readonly done: number;
  readonly total: number;
  readonly duplicates: Duplicates | null;
}

/** Calls `onChange` with what is known, until the returned function is called. */
export function watchDataset(
  api: Api,
  { onChange, onError }: {
    readonly onChange: (known: KnownDataset) => void;
    readonly onError: (error: Error | null) => void;
  },
): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async () => {
    let summary: DatasetSummary | null = null;
    let problems: FileProblem[] = [];
    let items: ImageItem[] = [];
    let id = 0;
    while (!signal.aborted) {
      try {
        summary ??= await api.get<DatasetSummary>(["dataset"], { signal });
        const query = { from: problems.length };
        const state: SurveyState = await api.get<SurveyState>(["dataset", "survey"], { query, signal });
        onError(null);
        if (id !== 0 && state.id !== id) {
          // The dataset has changed: everything is asked again.
          [summary, problems, items, id] = [null, [], [], 0];
          continue;
        }
        id = state.id;
        if (items.length === 0 || state.problems.length > 0) {
          problems = [...problems, ...state.problems];
          items = itemsOf(summary, problems, items);
        }
        const { done, total, duplicates } = state;
        onChange({ summary, items, done, total, duplicates });
        if (duplicates !== null) return;
      } catch (error) {
        if (signal.aborted) return;
        onError(error as Error);
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };
  run();
  return () => stopping.abort();
}

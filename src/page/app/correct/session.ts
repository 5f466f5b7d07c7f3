/**
 * An image while it is corrected: its masks, what they were made from, its draft, and saving.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type {
  ImageToCorrect,
  MaskRegion,
  MaskSource,
  MasksToSave,
  SavedMasks,
  VersionMasks,
} from "../../api/corrections.ts";
import { type Api, ApiError } from "../api.ts";
import { DraftStore, type FoundDraft } from "./draft_store.ts";
import type { BitTiles } from "./model/bit_tiles.ts";
import { draftClasses, makeDraft } from "./model/draft.ts";
import { LabelDocument } from "./model/label_document.ts";
import { createDocument, layersOf, regionsOf, replaceMasks } from "./model/masks.ts";

/** What masks were made from. */
export interface Origin {
  readonly source: MaskSource;
  /** The SHA-256 of the model that predicted; null for none. */
  readonly model: string | null;
  /** The masks of the prediction; null for others, which the server knows. */
  readonly before: readonly MaskRegion[] | null;
}

/** Milliseconds from a change until it is kept as a draft; at least as long as keeping the last one took. */
const DRAFT_MS = 100;

/** How {@linkcode Session.save} ended. */
export type SaveResult =
  | { readonly kind: "saved"; readonly revision: number }
  /** Somebody else saved in the meantime. */
  | { readonly kind: "conflict"; readonly message: string };

/** The corrections of one image. */
export class Session {
  readonly #api: Api;
  readonly #drafts: DraftStore;
  readonly #origins: { readonly state: number; readonly origin: Origin }[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #keepMs = 0;
  #image: ImageToCorrect;
  #document: LabelDocument;
  #closed = false;
  #stopListening: () => void = () => {};

  private constructor(api: Api, image: ImageToCorrect, readonly name: string | undefined) {
    this.#api = api;
    this.#image = image;
    this.#drafts = new DraftStore(
      [image.dataset, name ?? "", image.split, image.fileName, image.sha256].join("/"),
    );
    const start = image.newest?.regions ?? image.annotation ?? [];
    this.#document = createDocument(image, image.classes, layersOf(image, start), image.doubt !== null);
    const source = image.newest === null && image.annotation === null ? "empty" : "annotation";
    this.#origins = [{ state: this.#document.state, origin: { source, model: null, before: null } }];
    this.#listen();
  }

  /** Opens an image of the dataset. Throws an {@linkcode ApiError} if it cannot be read. */
  static async open(
    api: Api,
    { split, fileName, name, signal }: {
      readonly split: string;
      readonly fileName: string;
      readonly name?: string | undefined;
      readonly signal?: AbortSignal;
    },
  ): Promise<Session> {
    const segments = ["corrections", "image", split, fileName];
    const image = await api.get<ImageToCorrect>(segments, { query: { name }, ...(signal ? { signal } : {}) });
    return new Session(api, image, name);
  }

  /** What the server knows of the image; newer after saving. */
  get image(): ImageToCorrect {
    return this.#image;
  }

  /** The masks. Another object after {@linkcode restore}. */
  get document(): LabelDocument {
    return this.#document;
  }

  /** What the present masks were made from: that of the last start that is not undone. */
  get origin(): Origin {
    const { state } = this.#document;
    return this.#origins.findLast((each) => each.state <= state)?.origin ?? this.#origins[0]!.origin;
  }

  /** Replaces all masks, as a step of undo. */
  startFrom(label: string, layers: ReadonlyMap<string, BitTiles>, origin: Origin): void {
    replaceMasks(this.#document, label, layers);
    this.#origins.push({ state: this.#document.state, origin });
  }

  /** The masks of a version of the image. */
  async version(revision: number): Promise<VersionMasks> {
    const { split, fileName } = this.#image;
    return await this.#api.get<VersionMasks>(["corrections", "version", split, fileName, revision], {
      query: { name: this.name },
    });
  }

  /** Unsaved work on this image that a closed tab left; null if there is none. */
  async findDraft(): Promise<FoundDraft | null> {
    return await this.#drafts.find(this.#image);
  }

  /** Restores unsaved work. Throws a SyntaxError or RangeError if it is damaged. */
  async restore({ key, draft }: FoundDraft): Promise<void> {
    const document = new LabelDocument(this.#image, draftClasses(draft));
    this.#document = document;
    this.#origins.length = 0;
    this.#origins.push({
      state: document.state,
      origin: { source: draft.source, model: draft.model, before: draft.before },
    });
    this.#image = { ...this.#image, newest: newestOf(this.#image, draft.base) };
    document.markSaved(-1);
    this.#listen();
    await this.keepDraft();
    if (key !== this.#drafts.key) await this.#drafts.drop(key);
  }

  /** Forgets unsaved work. */
  dropDraft(key?: string): Promise<void> {
    this.#stopTimer();
    // In the order of the calls: what is kept after this stays.
    return this.#keeping = this.#keeping.catch(() => {}).then(() => this.#drafts.drop(key));
  }

  /** Keeps the present masks as a draft now. */
  keepDraft(): Promise<void> {
    this.#stopTimer();
    const start = performance.now();
    const { source, model, before } = this.origin;
    const base = this.#image.newest?.revision ?? null;
    const draft = makeDraft(this.#document, { base, source, model, before, time: Date.now() });
    return this.#keeping = this.#keeping.catch(() => {}).then(async () => {
      await this.#drafts.keep(draft);
      this.#keepMs = performance.now() - start;
    });
  }

  /**
   * Saves the present masks as the version after `base`, which defaults to the one that they were made from. Throws an
   * {@linkcode ApiError} if that fails; the draft then stays.
   */
  async save(
    annotator: string,
    base: number | null = this.#image.newest?.revision ?? null,
  ): Promise<SaveResult> {
    const { split, fileName, sha256 } = this.#image;
    const { state } = this.#document;
    const { source, model, before } = this.origin;
    const body: MasksToSave = {
      name: this.name,
      split,
      fileName,
      sha256,
      annotator,
      source,
      model,
      base,
      before,
      classes: regionsOf(this.#document),
    };
    let revision: number;
    try {
      ({ revision } = await this.#api.post<SavedMasks>(["corrections"], body));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      return { kind: "conflict", message: error.message };
    }
    this.#document.markSaved(state);
    // What was painted while the masks were on their way stays a draft.
    if (!this.#document.isDirty) await this.dropDraft().catch(() => {});
    this.#image = await this.read();
    return { kind: "saved", revision };
  }

  /** The image as the server knows it now. */
  read(): Promise<ImageToCorrect> {
    const { split, fileName } = this.#image;
    return this.#api.get<ImageToCorrect>(["corrections", "image", split, fileName], {
      query: { name: this.name },
    });
  }

  /** Loads what somebody else saved in place of the present masks, as a step of undo. */
  adopt(image: ImageToCorrect): void {
    const { revision, regions } = image.newest!;
    this.#image = image;
    this.startFrom(`Load revision ${revision}`, layersOf(image, regions), {
      source: "annotation",
      model: null,
      before: null,
    });
    this.#document.markSaved();
  }

  /** Stops keeping drafts; unsaved work is kept a last time. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    this.#stopTimer();
    if (this.#document.isDirty) await this.keepDraft();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #listen(): void {
    this.#stopListening();
    this.#stopListening = this.#document.onChange(() => {
      // From the first change on, so that steady work does not put it off.
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        if (this.#document.isDirty) this.keepDraft().catch(() => {});
        else this.dropDraft().catch(() => {});
      }, Math.max(DRAFT_MS, this.#keepMs));
    });
  }
}

/** A draft continues the revision that it was made from, so that saving tells of newer ones. */
function newestOf({ newest, versions }: ImageToCorrect, base: number | null): ImageToCorrect["newest"] {
  if (base === (newest?.revision ?? null)) return newest;
  const version = versions.find(({ revision }) => revision === base);
  return version === undefined ? null : { ...version, regions: [] };
}

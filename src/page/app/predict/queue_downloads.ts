/**
 * Downloads of what is in the queue. This module is browser compatible.
 *
 * @module
 */
import type { RgbImage } from "../../../image/image.ts";
import { DownloadsPanel } from "./downloads_panel.ts";
import type { Provenance } from "./outputs.ts";
import type { Item } from "./queue_panel.ts";
import { nameImages, saveImage, saveQueue } from "./save_results.ts";

/** Where downloads come from; all of it is asked when a button is pressed. */
export interface DownloadSource {
  readonly items: () => readonly Item[];
  /** The id of the image that is shown. */
  readonly shownId: () => number | null;
  readonly provenance: () => Provenance;
  readonly pixelsOf: (item: Item) => Promise<RgbImage>;
  readonly onError: (error: Error) => void;
}

/** The panel with its buttons. */
export function createDownloads(source: DownloadSource): DownloadsPanel {
  const done = () => source.items().filter(({ state }) => state === "done");
  return new DownloadsPanel({
    async onImage(kind) {
      const items = done();
      const index = items.findIndex(({ id }) => id === source.shownId());
      if (index < 0) return;
      const { images } = nameImages(source.items());
      await saveImage(images[index]!, kind, source.provenance(), await source.pixelsOf(items[index]!));
    },
    async onQueue(kind, step) {
      const items = done();
      const named = nameImages(source.items());
      await saveQueue(kind, named, source.provenance(), (index) => source.pixelsOf(items[index]!), step);
    },
    onError: source.onError,
  });
}

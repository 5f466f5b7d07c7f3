/**
 * How a metric of shares is spread over images, as SVG.
 * This module is browser compatible.
 *
 * @module
 */
import { type Html, markup } from "./html.ts";

const WIDTH = 440, HEIGHT = 200;
const PLOT = { left: 40, top: 24, right: 12, bottom: 40 };
const INNER = { width: WIDTH - PLOT.left - PLOT.right, height: HEIGHT - PLOT.top - PLOT.bottom };
const BINS = 20;

/** The number of values from 0 to 1 in each of 20 bins; the last one includes 1. */
export function binsOf(values: readonly number[]): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.max(0, Math.floor(value * BINS)))]!++;
  return counts;
}

/** Draws a histogram of values from 0 to 1. */
export function histogram(
  title: string,
  values: readonly number[],
  mark: { at: number; name: string } | null,
): Html {
  const counts = binsOf(values);
  const most = Math.max(1, ...counts);
  const wide = INNER.width / BINS;
  const bars = counts.map((count, bin) => {
    const height = INNER.height * count / most;
    return count > 0 && markup`
      <rect class="bar" x="${px(PLOT.left + bin * wide + 1)}" y="${
      px(
        PLOT.top + INNER.height - height,
      )
    }" width="${px(wide - 2)}" height="${px(height)}">
        <title>${count} of ${values.length} images from ${(bin / BINS).toFixed(2)} to ${
      ((bin + 1) / BINS)
        .toFixed(2)
    }</title>
      </rect>
    `;
  });
  const at = mark && PLOT.left + INNER.width * mark.at;
  const bottom = PLOT.top + INNER.height;
  return markup`
    <figure class="chart">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${
    counts.map((count, bin) => count > 0 ? `${count} at ${(bin / BINS).toFixed(2)}` : "").filter((text) =>
      text !== ""
    )
      .join(", ")
  }">
    <text class="axis end" x="${PLOT.left - 6}" y="${PLOT.top + 9}">${most}</text>
    <text class="axis end" x="${PLOT.left - 6}" y="${bottom}">0</text>
    <path class="grid" d="M${PLOT.left} ${bottom}h${INNER.width}"/>
    ${bars}
    ${
    [0, 0.25, 0.5, 0.75, 1].map((share) =>
      markup`<text class="axis middle" x="${px(PLOT.left + INNER.width * share)}" y="${
        bottom + 17
      }">${share}</text>`
    )
  }
    <text class="axis middle" x="${PLOT.left + INNER.width / 2}" y="${HEIGHT - 5}">Dice</text>
    ${
    mark && at !== null && markup`
      <path class="mark" d="M${px(at)} ${PLOT.top}v${INNER.height}" />
      <text class="axis ${mark.at > 0.5 ? "end" : ""}" x="${px(at)}" y="${PLOT.top - 8}">${mark.name}</text>
    `
  }
      </svg>
    </figure>
  `;
}

function px(value: number): string {
  return `${Number(value.toFixed(1))}`;
}

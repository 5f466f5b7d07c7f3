/**
 * Contrast of the texts that charts draw on a canvas. The function travels into the page as text.
 *
 * @module
 */

/**
 * For each uPlot chart that is shown, the contrast of the strongest pixel outside of the plot itself, where only texts
 * of the axes are, to what lies below.
 */
export function chartContrasts(): number[] {
  const contrasts: number[] = [];
  const luminance = (red: number, green: number, blue: number) => {
    const linear = [red, green, blue].map((value) => {
      const v = value / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  for (const chart of document.querySelectorAll<HTMLElement>(".uplot")) {
    const canvas = chart.querySelector("canvas");
    const plot = chart.querySelector(".u-over");
    if (canvas === null || plot === null || !canvas.checkVisibility() || canvas.width === 0) continue;
    let below = [255, 255, 255];
    for (let one: HTMLElement | null = chart; one !== null; one = one.parentElement) {
      const [red, green, blue, alpha = 1] = getComputedStyle(one).backgroundColor.match(/[\d.]+/g)!.map(
        Number,
      );
      if (alpha < 1) continue;
      below = [red!, green!, blue!];
      break;
    }
    const ground = luminance(below[0]!, below[1]!, below[2]!);
    const scale = canvas.width / canvas.getBoundingClientRect().width;
    const left = (plot.getBoundingClientRect().left - canvas.getBoundingClientRect().left) * scale;
    // Left of the plot's left edge, less the ticks that touch it.
    const width = Math.floor(left - 12 * scale);
    if (width < 1) continue;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, canvas.height);
    let most = 1;
    for (let at = 0; at < data.length; at += 4) {
      const alpha = data[at + 3]! / 255;
      if (alpha === 0) continue;
      const mixed = [0, 1, 2].map((channel) => data[at + channel]! * alpha + below[channel]! * (1 - alpha));
      const [low, high] = [luminance(mixed[0]!, mixed[1]!, mixed[2]!), ground].sort((a, b) => a - b);
      most = Math.max(most, (high! + 0.05) / (low! + 0.05));
    }
    contrasts.push(Math.round(most * 100) / 100);
  }
  return contrasts;
}

/**
 * Why a browser offers no GPU to a page, and how to get one.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What is known of the browser. */
export interface BrowserFacts {
  /** `navigator.userAgent`. */
  readonly userAgent: string;
  /** Whether the page was loaded over HTTPS or from the machine itself. */
  readonly isSecure: boolean;
  /** Whether it offers WebGPU at all. */
  readonly hasWebGpu: boolean;
}

/** The facts about this browser. */
export function browserFacts(): BrowserFacts {
  const navigator = globalThis.navigator as Navigator | undefined;
  return {
    userAgent: navigator?.userAgent ?? "",
    isSecure: globalThis.isSecureContext !== false,
    hasWebGpu: navigator?.gpu !== undefined,
  };
}

/** A browser by its user agent: its engine decides. */
interface Browser {
  readonly matches: RegExp;
  readonly version: RegExp;
  readonly name: string;
  /** The first version with WebGPU, on at least one system. */
  readonly first: number;
  /** What to do in a version that has it. */
  readonly enable: (userAgent: string) => string;
}

const isLinux = (userAgent: string) => /Linux|X11|CrOS/.test(userAgent) && !/Android/.test(userAgent);

/** In this order: Chromium's browsers name Safari, too. */
const BROWSERS: readonly Browser[] = [
  {
    name: "Firefox",
    matches: /Firefox\//,
    version: /Firefox\/(\d+)/,
    first: 141,
    enable: () => "set dom.webgpu.enabled to true in about:config and restart the browser",
  },
  {
    name: "Chromium",
    matches: /(Chrome|Chromium|Edg)\//,
    version: /Chrom(?:e|ium)\/(\d+)/,
    first: 113,
    enable: (userAgent) =>
      isLinux(userAgent)
        ? "turn on chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan, and restart the browser"
        : "turn on graphics acceleration in the browser's system settings, and restart it; chrome://gpu says what is " +
          "switched off",
  },
  {
    name: "Safari",
    matches: /Safari\//,
    version: /Version\/(\d+)/,
    first: 26,
    enable: () => "turn on WebGPU in Safari's settings under Feature Flags",
  },
];

const ELSEWHERE = "or predict without a browser: deno task predict";

/** An error that says why there is no adapter, with the way to one. */
export function explainNoAdapter({ userAgent, isSecure, hasWebGpu }: BrowserFacts): Error {
  if (!isSecure) {
    return refusal(
      "browsers offer WebGPU only to pages from HTTPS or from this machine",
      "open the page over https:// or from http://localhost; deno task board serves it there",
    );
  }
  const browser = BROWSERS.find(({ matches }) => matches.test(userAgent));
  const version = Number(browser?.version.exec(userAgent)?.[1] ?? NaN);
  if (browser === undefined) {
    return refusal(
      hasWebGpu ? "this browser finds no usable GPU" : "this browser has no WebGPU",
      `use a current Chrome, Edge, Firefox or Safari, ${ELSEWHERE}`,
    );
  }
  if (!hasWebGpu && version < browser.first) {
    return refusal(
      `${browser.name} ${version} has no WebGPU`,
      `update it: version ${browser.first} has; ${ELSEWHERE}`,
    );
  }
  const what = hasWebGpu ? "finds no usable GPU" : "does not offer WebGPU";
  const driver = hasWebGpu ? "update the graphics driver, and " : "";
  return refusal(`${browser.name} ${what} here`, `${driver}${browser.enable(userAgent)}; ${ELSEWHERE}`);
}

function refusal(why: string, hint: string): Error {
  return new Error(`Cannot open a GPU: ${why}\nhint: ${hint}`);
}

/** Why a browser has no adapter: each browser gets the way that works there. */
import assert from "node:assert/strict";
import { explainNoAdapter } from "../../../../src/page/app/predict/no_adapter.ts";

const AGENTS = {
  chromium:
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  edge:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
  oldChrome: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/100.0.0.0 Safari/537.36",
  firefox: "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
  oldFirefox: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  safari: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.3 Safari/605.1.15",
};

const CASES: readonly [name: string, userAgent: string, secure: boolean, gpu: boolean, message: RegExp][] = [
  ["an insecure page", AGENTS.chromium, false, false, /only to pages from HTTPS.*\nhint: .*https:\/\//],
  [
    "Chromium on Linux without a driver",
    AGENTS.chromium,
    true,
    true,
    /finds no usable GPU.*\nhint: .*#enable-unsafe-webgpu/,
  ],
  [
    "Edge without acceleration",
    AGENTS.edge,
    true,
    true,
    /\nhint: update the graphics driver.*graphics acceleration/,
  ],
  [
    "an old Chrome",
    AGENTS.oldChrome,
    true,
    false,
    /Chromium 100 has no WebGPU\nhint: update it: version 113/,
  ],
  ["Firefox", AGENTS.firefox, true, false, /\nhint: set dom\.webgpu\.enabled/],
  ["an old Firefox", AGENTS.oldFirefox, true, false, /Firefox 128 has no WebGPU\nhint: update/],
  ["an old Safari", AGENTS.safari, true, false, /Safari 18 has no WebGPU\nhint: update it: version 26/],
  ["something else", "curl/8", true, false, /has no WebGPU\nhint: use a current Chrome/],
];

for (const [name, userAgent, isSecure, hasWebGpu, message] of CASES) {
  Deno.test(`explainNoAdapter: ${name}`, () => {
    const error = explainNoAdapter({ userAgent, isSecure, hasWebGpu });
    assert.match(error.message, /^Cannot open a GPU: /);
    assert.match(error.message, message);
  });
}

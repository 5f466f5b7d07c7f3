/**
 * The document of the static site.
 *
 * @module
 */
import type { SiteSettings } from "../api/site.ts";
import { escapeHtml } from "../escape_html.ts";

/**
 * What the browser lets the page do: nothing but load its own files. Workers are started from memory, since one that is
 * loaded by address obeys only the headers of that address, which a plain web server does not send.
 */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
  "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'";

/** Marks the page as written by `page`. */
export const GENERATOR = "deno-unet page";

/** A file that the document loads. */
export interface LoadedFile {
  /** Its name. */
  readonly name: string;
  /** Its content, as the attribute `integrity` takes it. */
  readonly integrity: string;
}

/** The document. What it says without a script is for those who open it as a file, or without JavaScript. */
export function siteHtml(
  settings: SiteSettings,
  { style, script }: { readonly style: LoadedFile; readonly script: LoadedFile },
): string {
  const title = escapeHtml(settings.title);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${POLICY}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <meta name="robots" content="noindex">
    <meta name="generator" content="${GENERATOR}">
    <title>${title}</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="apple-touch-icon" href="icon-192.png">
    <link rel="manifest" href="manifest.webmanifest">
    <link rel="stylesheet" href="${style.name}" integrity="${style.integrity}">
    <script type="application/json" id="settings">${scriptJson(settings)}</script>
    <script type="module" src="${script.name}" integrity="${script.integrity}"></script>
  </head>
  <body>
    <a class="skip" href="#content">Skip to the content</a>
    <header class="shell-header">
      <strong class="shell-name">${title}</strong>
      <span class="site-offline muted" id="offline"></span>
    </header>
    <div class="site-update" id="update" role="status" hidden></div>
    <main id="content" tabindex="-1">
      <div class="panel" id="start">
        <h1>This page is drawn by a script, which has not started</h1>
        <p>If this text stays, the file was opened without a web server, or JavaScript is off.</p>
        <p>Serve the folder and open the address: <code>python3 -m http.server 8000</code>, then
          <code>http://localhost:8000/</code></p>
      </div>
    </main>
    <footer class="site-footer muted">
      <p>Images are processed in this browser and are not uploaded. <a href="LICENSES.txt">Licenses</a></p>
    </footer>
    <div class="toasts" role="region" aria-label="Messages"></div>
    <div class="visually-hidden" role="status" aria-live="polite" id="announcer"></div>
  </body>
</html>
`;
}

/** JSON that no end tag or comment in a text can break out of. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

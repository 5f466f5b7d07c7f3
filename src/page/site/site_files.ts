/**
 * The files of the static site, in memory: names with hashes, so that a new version never meets an old one.
 *
 * @module
 */
import { joinBytes } from "../../bytes.ts";
import { hashBytes } from "../../fs/hash_bytes.ts";
import type { ModelInfo } from "../api/model.ts";
import type { SiteFile, SiteSettings, SiteVersion } from "../api/site.ts";
import { drawIcons } from "./icons.ts";
import { licenseTexts } from "./licenses.ts";
import { siteHtml } from "./site_html.ts";

/** What a site is made of. */
export interface SiteParts {
  /** The name of the page. */
  readonly title: string;
  /** The scripts. */
  readonly scripts: { readonly app: Uint8Array; readonly worker: Uint8Array; readonly service: Uint8Array };
  /** The style sheet. */
  readonly style: string;
  /** The model's file, and what is known of it. */
  readonly model: {
    readonly bytes: Uint8Array;
    readonly info: Omit<ModelInfo, "url" | "byteLength" | "sha256">;
  };
}

/** Digits of a hash in a name. */
const DIGITS = 12;

/** The service worker: its folder is what it may answer for, and its name must stay. */
export const SERVICE_WORKER = "service_worker.js";

/** The list of the site's files, by which `page` knows its own folders. */
export const SITE_LIST = "site.json";

/** Says what wrote a {@linkcode SITE_LIST}. */
export const SITE_FORMAT = "deno-unet page 1";

/** A color of the window around an installed page. */
const COLORS = { background_color: "#11161b", theme_color: "#0b263d" };

const encoder = new TextEncoder();

/** A site in memory. */
export interface SiteFiles {
  /** Contents by names. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The hash of all. */
  readonly version: string;
}

/** All files of a site; the same parts give the same bytes. */
export async function siteFiles(parts: SiteParts): Promise<SiteFiles> {
  const files = new Map<string, Uint8Array>();
  const add = (name: string, content: Uint8Array | string): string => {
    files.set(name, typeof content === "string" ? encoder.encode(content) : content);
    return name;
  };
  const addHashed = (stem: string, ending: string, content: Uint8Array | string): string => {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    return add(`${stem}.${hashBytes(bytes).slice(0, DIGITS)}.${ending}`, bytes);
  };
  const loaded = (name: string) => ({ name, integrity: integrityOf(files.get(name)!) });

  const icons = await drawIcons();
  for (const { name, content } of icons) add(name, content);
  const { bytes, info } = parts.model;
  const settings: SiteSettings = {
    title: parts.title,
    worker: addHashed("worker", "js", parts.scripts.worker),
    model: {
      ...info,
      url: addHashed("model", "safetensors", bytes),
      byteLength: bytes.length,
      sha256: hashBytes(bytes),
    },
  };
  const style = loaded(addHashed("style", "css", parts.style));
  const script = loaded(addHashed("app", "js", parts.scripts.app));
  add("index.html", siteHtml(settings, { style, script }));
  add("LICENSES.txt", licenseTexts());
  add("manifest.webmanifest", manifest(parts.title, icons));

  const version = siteVersion(files);
  add(
    SERVICE_WORKER,
    joinBytes([encoder.encode(`self.SITE=${JSON.stringify(version)};\n`), parts.scripts.service]),
  );
  const list = { format: SITE_FORMAT, version: version.version, files: [...files.keys(), SITE_LIST].sort() };
  add(SITE_LIST, `${JSON.stringify(list, null, 2)}\n`);
  return { files, version: version.version };
}

/** What the service worker keeps, and the hash of it all. */
function siteVersion(files: ReadonlyMap<string, Uint8Array>): SiteVersion {
  const listed = [...files].map(([name, bytes]): SiteFile => ({
    name,
    integrity: integrityOf(bytes),
    named: /\.[0-9a-f]{12}\.\w+$/.test(name),
  })).sort((a, b) => a.name < b.name ? -1 : 1);
  return { version: hashBytes(encoder.encode(JSON.stringify(listed))).slice(0, DIGITS), files: listed };
}

function manifest(title: string, icons: Awaited<ReturnType<typeof drawIcons>>): string {
  const value = {
    name: title,
    short_name: title.length > 12 ? "Segmentation" : title,
    description: "Segments medical images in the browser. Not a medical device.",
    id: "./",
    start_url: "./",
    scope: "./",
    display: "standalone",
    ...COLORS,
    icons: icons.map(({ name, sizes, type }) => ({ src: name, sizes, type, purpose: "any maskable" })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The SHA-256 of a file as browsers check it. */
function integrityOf(bytes: Uint8Array): string {
  return `sha256-${Uint8Array.fromHex(hashBytes(bytes)).toBase64()}`;
}

/**
 * Who may ask the board: its own page, by the token in its address. A page of another origin, another name for this
 * machine, and everything without the token is refused before a route sees it.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";

/** Bytes of a token. */
const TOKEN_BYTES = 32;

/** What an address must hold so that the board answers. */
export function createToken(): string {
  return crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

/** Whether a text is the token; the time that it takes tells nothing about it. */
export function isToken(text: string, token: string): boolean {
  const encoder = new TextEncoder();
  const [given, known] = [encoder.encode(text), encoder.encode(token)];
  return given.length === known.length && timingSafeEqual(given, known);
}

/** The status with which a request is refused for where it comes from; null if it may be answered. */
export function refusal(headers: Headers, port: number): 403 | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = headers.get("host");
  if (host === null || !hosts.includes(host.toLowerCase())) return 403;
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host.toLowerCase()}`) return 403;
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none" ? null : 403;
}

/** Headers of every response. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

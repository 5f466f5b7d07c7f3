/**
 * One HTTP request: redirects only to hosts that the permission set names, and tells transient failures from permanent
 * ones.
 *
 * @module
 */

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const TRANSIENT_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A failure that a retry may solve: a dropped connection, a busy server. */
export class TransientError extends Error {
  /** `message` completes "Cannot download ADDRESS: "; `retryAfterSeconds` is what the server asked for, or 0. */
  constructor(message: string, readonly retryAfterSeconds = 0, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransientError";
  }
}

/** An `http:` or `https:` address; TypeError otherwise. */
export function parseHttpUrl(text: string): URL {
  let url: URL | null = null;
  try {
    url = new URL(text);
  } catch {
    // Reported below, together with other protocols.
  }
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new TypeError(`Cannot use ${JSON.stringify(text)} as an address: expected https://HOST/PATH`);
  }
  url.hash = "";
  return url;
}

/** An address for a message: without query and credentials, which are long and may be secret. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * Sends a GET request and follows redirects itself: each host is checked against the permission set before it is
 * contacted, and https never falls back to http.
 *
 * @returns the first response that is not a redirect, with its body unread
 * @throws {TransientError} if no response came
 * @throws {Error} if a redirect must not be followed
 */
export async function openUrl(url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
  let current = url;
  requireHost(current, `Cannot download ${showUrl(url)}`);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await request(current, headers, signal);
    if (!REDIRECTS.has(response.status)) return response;
    await response.body?.cancel();
    current = redirectTarget(current, url, response);
  }
  throw new Error(`Cannot download ${showUrl(url)}: more than ${MAX_REDIRECTS} redirects`);
}

/**
 * The error for a response without the file: a {@linkcode TransientError} for a transient status, an Error otherwise.
 */
export function statusError(url: URL, response: Response): Error {
  const { status } = response;
  const name = `${status}${response.statusText ? ` ${response.statusText}` : ""}`;
  if (TRANSIENT_STATUSES.has(status)) {
    return new TransientError(`the server answers ${name}`, retryAfter(response));
  }
  const hint = status === 404 || status === 410
    ? "the file does not exist (any more); use another address with --url"
    : status === 401 || status === 403
    ? "the address needs a login or is closed; download it by hand, or use another address with --url"
    : "open the address in a browser, or use another one with --url";
  return new Error(`Cannot download ${showUrl(url)}: the server answers ${name}\nhint: ${hint}`);
}

async function request(url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { redirect: "manual", headers, signal });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new TransientError(`no response from ${url.host} (${failureReason(error)})`, 0, { cause: error });
  }
}

/** The innermost cause of a failed request or read: the outer messages only repeat the address. */
export function failureReason(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause !== undefined) reason = reason.cause;
  const message = reason instanceof Error ? reason.message : String(reason);
  return message.replace(/^error sending request for url \(.*?\): /, "").replace(
    /^client error \(\w+\): /,
    "",
  );
}

/** The next address; `first` is the one that the user named. */
function redirectTarget(from: URL, first: URL, response: Response): URL {
  const location = response.headers.get("location");
  const action = `Cannot follow the redirect from ${showUrl(from)}`;
  if (location === null || !URL.canParse(location, from)) {
    throw new Error(`${action}: it has no valid address`);
  }
  const target = new URL(location, from);
  target.hash = "";
  if (target.protocol !== "https:" && target.protocol !== from.protocol) {
    throw new Error(`${action} to ${showUrl(target)}: it leaves https`);
  }
  requireSamePlace(first, target, `${action} to ${showUrl(target)}`);
  requireHost(target, `${action} to ${showUrl(target)}`);
  return target;
}

/**
 * A server elsewhere must not reach what listens on this machine, nor any server another port of a host: only the
 * user's own address names such a place.
 */
function requireSamePlace(first: URL, target: URL, action: string): void {
  const samePlace = target.hostname === first.hostname && portOf(target) === portOf(first);
  if (samePlace) return;
  const reason = isThisMachine(target.hostname)
    ? "it leads to this machine"
    : target.port !== ""
    ? `it leads to port ${target.port}`
    : undefined;
  if (reason === undefined) return;
  throw new Error(`${action}: ${reason}\nhint: if you trust that address, name it with --url`);
}

/** Whether a host, as URL writes it, is this machine by any of its common names. */
function isThisMachine(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f..:.*\])\.?$/.test(hostname);
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "https:" ? "443" : "80");
}

/** Checks the permissions before the runtime does, so that no prompt appears and the message can say what to do. */
function requireHost(url: URL, action: string): void {
  const host = `${url.hostname}:${portOf(url)}`;
  const { state } = Deno.permissions.querySync({ name: "net", host });
  if (state === "granted") return;
  throw new Error(
    `${action}: the permission set does not name the host ${url.hostname}\n` +
      `hint: if you trust it, allow it with --allow-net=${host}`,
    // By which the task prints the whole command.
    { cause: new Deno.errors.NotCapable(`Requires net access to "${host}", run again`) },
  );
}

function retryAfter(response: Response): number {
  const text = response.headers.get("retry-after");
  if (text === null) return 0;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

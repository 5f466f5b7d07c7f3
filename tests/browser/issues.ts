/**
 * What a page did that a person would not see: errors, violations of its policy, and requests. All sessions of a page
 * are watched: its own, its frames', its workers' and its service worker's.
 *
 * @module
 */
import type { Session, Values } from "./devtools.ts";

/** A request that a page or one of its workers sent. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  /** What asked for it: Document, Script, Image, Fetch, EventSource ... */
  readonly type: string;
}

/** What was watched. */
export interface Watched {
  /** Errors of the console, uncaught exceptions, failed loads and violations of the policy. */
  readonly issues: string[];
  /** Every request, `data:` and `blob:` left out. */
  readonly requests: SentRequest[];
  /** All sessions so far. */
  readonly sessions: Session[];
}

/** Watches a session, and everything that is attached to it later; `prepare` runs before a new target does. */
export async function watch(
  session: Session,
  watched: Watched,
  prepare: (session: Session) => Promise<unknown>,
  kind = "page",
): Promise<void> {
  watched.sessions.push(session);
  const report = (text: string) => watched.issues.push(kind === "page" ? text : `${kind}: ${text}`);
  session.on("Runtime.exceptionThrown", ({ exceptionDetails }) => report(exceptionText(exceptionDetails)));
  session.on("Runtime.consoleAPICalled", ({ type, args }) => {
    if (type === "error" || type === "assert") report(`console.${type}: ${args.map(valueText).join(" ")}`);
  });
  session.on("Log.entryAdded", ({ entry }) => {
    // What failed to load is reported below: here it lacks for workers.
    if (entry.level === "error" && entry.source !== "network") {
      report(`${entry.source}: ${entry.text}${entry.url ? ` (${entry.url})` : ""}`);
    }
  });
  const urls = new Map<string, string>();
  session.on("Network.requestWillBeSent", ({ requestId, request, type }) => {
    urls.set(requestId, request.url);
    if (/^(data|blob):/.test(request.url)) return;
    watched.requests.push({ url: request.url, method: request.method, type: type ?? "Other" });
  });
  session.on("Network.responseReceived", ({ response }) => {
    if (response.status >= 400) report(`load: ${response.status} ${response.url}`);
  });
  session.on("Network.loadingFailed", ({ requestId, errorText, canceled, blockedReason }) => {
    if (!canceled && blockedReason !== "csp") report(`load: ${errorText} ${urls.get(requestId)}`);
  });
  session.on("Audits.issueAdded", ({ issue }) => {
    const csp = issue.details?.contentSecurityPolicyIssueDetails;
    if (csp) report(`policy: ${csp.violatedDirective} blocked ${csp.blockedURL ?? "inline content"}`);
  });
  session.on("Target.attachedToTarget", async ({ sessionId, targetInfo }) => {
    const child = session.child(sessionId);
    // Commands arrive in order: it runs after it is watched. A service worker answers some of them only when it runs.
    const watching = watch(child, watched, prepare, targetInfo.type);
    await child.send("Runtime.runIfWaitingForDebugger").catch(() => {});
    await watching.catch(() => {}); // it may have ended already
  });
  session.on("Target.detachedFromTarget", ({ sessionId }) => {
    const index = watched.sessions.findIndex(({ id }) => id === sessionId);
    if (index >= 0) watched.sessions.splice(index, 1);
  });
  // Not every kind of target has every domain.
  const optional = (method: string, values: Values = {}) => session.send(method, values).catch(() => {});
  await Promise.all([
    session.send("Runtime.enable"),
    optional("Log.enable"),
    optional("Network.enable"),
    optional("Audits.enable"),
    optional("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }),
    prepare(session).catch(() => {}),
  ]);
}

/** The text of an exception, with its stack. */
export function exceptionText({ text, exception, url, lineNumber }: Values): string {
  const place = url ? ` (${url}:${lineNumber + 1})` : "";
  return exception?.description ?? `${text} ${exception ? valueText(exception) : ""}${place}`;
}

function valueText({ value, description, type }: Values): string {
  return value === undefined
    ? description ?? type
    : typeof value === "string"
    ? value
    : JSON.stringify(value);
}

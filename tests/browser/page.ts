/**
 * A page that is driven as a person would: mouse, keys and files go through the browser's own input.
 *
 * Selectors are CSS, or `CSS >> text` for the first visible element whose text or label contains the text.
 *
 * @module
 */
import { join } from "node:path";
import type { Session, Values } from "./devtools.ts";
import { exceptionText, type SentRequest, watch, type Watched } from "./issues.ts";
import { keyEvents } from "./keys.ts";
import { locate } from "./locate.ts";

/** What a page looks like to its scripts. */
export interface PageOptions {
  /** Width in CSS pixels. */
  readonly width?: number;
  /** Height in CSS pixels. */
  readonly height?: number;
  /** Device pixels per CSS pixel. */
  readonly scale?: number;
  /** Whether the system's colours are dark. */
  readonly dark?: boolean;
  /** Whether the system asks for less motion. */
  readonly reducedMotion?: boolean;
  /** Whether what goes wrong on it does not fail the case: it is made to go wrong. */
  readonly hostile?: boolean;
  /** A page whose storage and service workers are shared. */
  readonly sibling?: BrowserPage;
  /** Permissions to grant, such as `clipboardReadWrite`. */
  readonly permissions?: readonly string[];
}

/** What a server answered. */
export interface PageResponse {
  readonly url: string;
  readonly status: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A point of the viewport in CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A node of the accessibility tree. */
export interface AccessibleNode {
  readonly role: string;
  readonly name: string;
  readonly value: unknown;
  readonly focusable: boolean;
  readonly focused: boolean;
  readonly disabled: boolean;
}

/** Longest that a condition may take by default, in milliseconds. */
const WAIT_MS = 30_000;
const POLL_MS = 20;

/** An open page. */
export class BrowserPage {
  readonly #watched: Watched = { issues: [], requests: [], sessions: [] };
  #offline = false;
  #dialog = true;
  #hostile = false;

  private constructor(
    readonly session: Session,
    readonly browser: Session,
    readonly target: string,
    readonly context: string,
    readonly downloads: string,
  ) {}

  /** Opens an empty page; `Browser.page` is what cases call. */
  static async open(
    browser: Session,
    context: string,
    downloads: string,
    options: PageOptions,
  ): Promise<BrowserPage> {
    const { targetId } = await browser.send("Target.createTarget", {
      url: "about:blank",
      browserContextId: context,
      newWindow: true, // a tab behind another one draws nothing
    });
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new BrowserPage(browser.child(sessionId), browser, targetId, context, downloads);
    page.#hostile = options.hostile ?? false;
    await page.#prepare(options);
    return page;
  }

  async #prepare(options: PageOptions): Promise<void> {
    const { session, browser } = this;
    session.on("Page.javascriptDialogOpening", ({ type, message }) => {
      // Leaving a page with unsaved work asks; every other dialog is none of ours.
      if (type !== "beforeunload") this.#watched.issues.push(`dialog: ${message}`);
      session.send("Page.handleJavaScriptDialog", { accept: this.#dialog }).catch(() => {});
    });
    await Promise.all([
      watch(session, this.#watched, async (child) => this.#offline && await this.#network(child)),
      session.send("Page.enable"),
      session.send("Emulation.setFocusEmulationEnabled", { enabled: true }),
      browser.send("Browser.setDownloadBehavior", {
        behavior: "allow",
        browserContextId: this.context,
        downloadPath: this.downloads,
        eventsEnabled: true,
      }),
      options.permissions && browser.send("Browser.grantPermissions", {
        permissions: options.permissions,
        browserContextId: this.context,
      }),
      this.look(options),
    ]);
  }

  /** Changes what the page looks like to its scripts. */
  async look(
    { width = 1280, height = 800, scale = 1, dark = false, reducedMotion = false }: PageOptions,
  ): Promise<void> {
    await Promise.all([
      this.session.send("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor: scale,
        mobile: false,
      }),
      this.session.send("Emulation.setEmulatedMedia", {
        features: [
          { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
          { name: "prefers-reduced-motion", value: reducedMotion ? "reduce" : "no-preference" },
        ],
      }),
    ]);
  }

  // --- What it shows ------------------------------------------------------------------------------------------

  /** Goes to an address and waits until it has loaded; a change of the hash only navigates within the page. */
  async goto(url: string): Promise<void> {
    const loaded = this.#event("Page.loadEventFired");
    const { errorText, loaderId } = await this.session.send("Page.navigate", { url });
    // An error without a body: the browser shows a page of its own.
    const isEmpty = errorText === "net::ERR_HTTP_RESPONSE_CODE_FAILURE";
    if (loaderId && (isEmpty || !errorText)) await loaded.next();
    loaded.end();
    if (errorText && !isEmpty) throw new Error(`Cannot open ${url}: ${errorText}`);
  }

  /** Loads the page again. */
  async reload(): Promise<void> {
    const loaded = this.#event("Page.loadEventFired");
    await this.session.send("Page.reload");
    await loaded.next();
  }

  /**
   * Calls a function in the page, and waits for its promise. It and its arguments travel as text: nothing from outside
   * of it is known there.
   */
  async evaluate<A extends unknown[], R>(body: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    return await this.#evaluate(`(${body})(${args.map((arg) => JSON.stringify(arg) ?? "undefined")})`) as R;
  }

  async #evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.session.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(`In the page: ${exceptionText(exceptionDetails)}`);
    return result.value;
  }

  /** Waits until a function of the page returns something true, and returns that; `what` names it in the error. */
  async waitFor<A extends unknown[], R>(
    what: string,
    body: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<NonNullable<R>> {
    return await this.within(WAIT_MS, what, body, ...args);
  }

  /** As `waitFor`, for at most so many milliseconds. */
  async within<A extends unknown[], R>(
    milliseconds: number,
    what: string,
    body: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<NonNullable<R>> {
    const deadline = performance.now() + milliseconds;
    let failure = "";
    do {
      try {
        const value = await this.evaluate(body, ...args);
        if (value) return value;
        failure = "";
      } catch (error) {
        failure = `: ${error instanceof Error ? error.message : error}`; // perhaps it was navigating
      }
      await delay(POLL_MS);
    } while (performance.now() < deadline);
    const text = await this.evaluate(() => document.body?.innerText.slice(0, 300)).catch(() => "");
    throw new Error(
      `${what}: not within ${milliseconds} ms${failure}; the page shows ${JSON.stringify(text)}`,
    );
  }

  /** Waits until a text is on the page. */
  async waitForText(text: string): Promise<void> {
    await this.waitFor(
      `text ${JSON.stringify(text)}`,
      (text) => document.body.innerText.includes(text),
      text,
    );
  }

  /** Waits for an element, and returns its text. */
  async text(selector: string): Promise<string> {
    await this.#find(selector);
    return await this.#evaluate(`(${locate})(${JSON.stringify(selector)}).element.innerText`) as string;
  }

  /** A picture of the viewport. */
  async screenshot(format: "png" | "jpeg" = "png", quality = 85): Promise<Uint8Array> {
    const { data } = await this.session.send("Page.captureScreenshot", {
      format,
      ...(format === "jpeg" && { quality }),
    });
    return Uint8Array.fromBase64(data);
  }

  /** All nodes that assistive technology sees, in the order of the document. */
  async accessibility(): Promise<AccessibleNode[]> {
    const { nodes } = await this.session.send("Accessibility.getFullAXTree");
    return nodes.filter(({ ignored }: Values) => !ignored).map(
      ({ role, name, value, properties }: Values) => {
        const has = (property: string) =>
          (properties ?? []).some(({ name, value }: Values) => name === property && value.value === true);
        return {
          role: role?.value ?? "",
          name: name?.value ?? "",
          value: value?.value,
          focusable: has("focusable"),
          focused: has("focused"),
          disabled: has("disabled"),
        };
      },
    );
  }

  // --- What a person does -------------------------------------------------------------------------------------

  /** The centre of an element, scrolled into view; waits until it is there, enabled, and not covered. */
  async point(selector: string): Promise<Point> {
    return (await this.#find(selector)).point;
  }

  async #find(selector: string): Promise<{ point: Point }> {
    const deadline = performance.now() + WAIT_MS;
    while (true) {
      const found = await this.#evaluate(
        `(() => { const { point, problem } = (${locate})(${
          JSON.stringify(selector)
        }); return { point, problem }; })()`,
      ) as { point: Point; problem?: string };
      if (found.problem === undefined) return found;
      if (performance.now() > deadline) throw new Error(`Cannot use "${selector}": ${found.problem}`);
      await delay(POLL_MS);
    }
  }

  /** Clicks an element or a point. */
  async click(at: string | Point, { count = 1, modifiers = 0 } = {}): Promise<void> {
    const point = typeof at === "string" ? await this.point(at) : at;
    await this.#mouse("mouseMoved", point);
    for (let click = 1; click <= count; click++) {
      const button = { button: "left", buttons: 1, clickCount: click, modifiers };
      await this.#mouse("mousePressed", point, button);
      await this.#mouse("mouseReleased", point, { ...button, buttons: 0 });
    }
  }

  /** Moves the mouse over an element or a point. */
  async hover(at: string | Point): Promise<void> {
    await this.#mouse("mouseMoved", typeof at === "string" ? await this.point(at) : at);
  }

  /** Presses the mouse at the first point, moves it over the others, and releases it. */
  async drag(points: readonly Point[]): Promise<void> {
    const [first, ...others] = points;
    if (first === undefined) return;
    const button = { button: "left", buttons: 1, clickCount: 1 };
    await this.#mouse("mouseMoved", first);
    await this.#mouse("mousePressed", first, button);
    for (const point of others) await this.#mouse("mouseMoved", point, { button: "left", buttons: 1 });
    await this.#mouse("mouseReleased", points.at(-1)!, { ...button, buttons: 0 });
  }

  /** Turns the wheel at an element or a point. */
  async wheel(at: string | Point, deltaY: number, modifiers = 0): Promise<void> {
    const point = typeof at === "string" ? await this.point(at) : at;
    await this.#mouse("mouseWheel", point, { deltaX: 0, deltaY, modifiers });
  }

  /** Presses keys one after the other: `Tab`, `Control+z`, `ArrowDown`, `a`. */
  async press(...combinations: string[]): Promise<void> {
    for (const combination of combinations) {
      for (const event of keyEvents(combination)) await this.session.send("Input.dispatchKeyEvent", event);
    }
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    for (const character of text) await this.press(character === "\n" ? "Enter" : character);
  }

  /** Replaces the text of a field by typing. */
  async fill(selector: string, text: string): Promise<void> {
    await this.click(selector, { count: 3 });
    await this.press("Control+a", "Delete");
    await this.type(text);
  }

  /** Chooses files in a file field, which may be hidden; paths are absolute. */
  async setFiles(selector: string, files: readonly string[]): Promise<void> {
    const { result } = await this.session.send("Runtime.evaluate", {
      expression: `document.querySelector(${JSON.stringify(selector)})`,
    });
    if (!result.objectId) throw new Error(`Cannot choose files in "${selector}": there is no such element`);
    await this.session.send("DOM.setFileInputFiles", { files: [...files], objectId: result.objectId });
  }

  /** Drags files from outside onto an element and drops them; paths are absolute. */
  async dropFiles(selector: string, files: readonly string[]): Promise<void> {
    const point = await this.point(selector);
    const data = { items: [], files: [...files], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await this.session.send("Input.dispatchDragEvent", { type, ...point, data });
    }
  }

  /** Does something that downloads a file, and returns its name and absolute path. */
  async download(action: () => Promise<unknown>): Promise<{ name: string; path: string }> {
    let name: string | undefined;
    let guid: string | undefined;
    const off: (() => void)[] = [];
    const completed = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No download within ${WAIT_MS} ms`)), WAIT_MS);
      off.push(
        () => clearTimeout(timer),
        this.browser.on("Browser.downloadWillBegin", (event) => {
          if (event.frameId === this.target) [name, guid] = [event.suggestedFilename, event.guid];
        }),
        this.browser.on("Browser.downloadProgress", (event) => {
          if (event.guid !== guid || event.state === "inProgress") return;
          if (event.state === "completed") resolve();
          else reject(new Error(`The download of ${name} was canceled`));
        }),
      );
    });
    try {
      await Promise.all([completed, action()]);
    } finally {
      for (const end of off) end();
    }
    return { name: name!, path: join(this.downloads, name!) };
  }

  /** What is answered when leaving a page with unsaved work asks: leave (the default) or stay. */
  answerLeaving(leave: boolean): void {
    this.#dialog = leave;
  }

  #mouse(type: string, { x, y }: Point, more: Values = {}): Promise<Values> {
    return this.session.send("Input.dispatchMouseEvent", { type, x, y, ...more });
  }

  // --- Network and faults -------------------------------------------------------------------------------------

  /** Takes the network away from the page and its workers, or gives it back. */
  async offline(offline: boolean): Promise<void> {
    this.#offline = offline;
    await Promise.all(this.#watched.sessions.map((session) => this.#network(session).catch(() => {})));
  }

  #network(session: Session): Promise<unknown> {
    return session.send("Network.emulateNetworkConditions", {
      offline: this.#offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  }

  /** Calls a listener with every response of the page. */
  onResponse(listener: (response: PageResponse) => void): () => void {
    return this.session.on("Network.responseReceived", ({ response }) => listener(response as PageResponse));
  }

  /** The next response from an address: what the page still loads does not count. */
  responseOf(url: string): Promise<PageResponse> {
    const { href } = new URL(url);
    return new Promise((resolve) => {
      const end = this.onResponse((response) => {
        if (response.url !== href) return;
        end();
        resolve(response);
      });
    });
  }

  /** Requests of the page and its workers so far. */
  get requests(): readonly SentRequest[] {
    return this.#watched.requests;
  }

  /** Whether what went wrong fails the case. */
  get isHostile(): boolean {
    return this.#hostile;
  }

  /** The requests so far; later ones start a new list. */
  takeRequests(): SentRequest[] {
    return this.#watched.requests.splice(0);
  }

  /** What went wrong so far, and is no failure of the case any more. */
  takeIssues(): string[] {
    return this.#watched.issues.splice(0);
  }

  /** Closes the page; its faults stay. */
  async close(): Promise<void> {
    await this.browser.send("Target.closeTarget", { targetId: this.target });
  }

  /** Listens from now on to the first event of a name; `next` waits for it. */
  #event(name: string): { next(): Promise<Values>; end(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<Values>();
    const off = this.session.on(name, resolve);
    return {
      next() {
        const timer = setTimeout(() => reject(new Error(`${name} did not come`)), 3 * WAIT_MS);
        return promise.finally(() => (clearTimeout(timer), off()));
      },
      end: off,
    };
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

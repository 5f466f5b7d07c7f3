/**
 * The DevTools protocol over one WebSocket: commands, their answers, and events of all sessions.
 *
 * @module
 */

/** Parameters and results of the protocol, as JSON has them. */
// deno-lint-ignore no-explicit-any
export type Values = Record<string, any>;

/** Listens to an event. */
export type Listener = (values: Values, session: Session) => void;

interface Message extends Values {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
}

/** Longest that the browser may take to answer a command, in milliseconds. */
const MOST_MS = 30_000;

/** A connection to a browser. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { method: string; resolve(v: Values): void; reject(e: Error): void }>();
  readonly #sessions = new Map<string, Session>();
  #last = 0;

  /** The session of the browser itself. */
  readonly browser: Session = new Session(this);

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = () => this.#fail(new Error("The browser ended"));
  }

  /** Connects to the address that the browser printed. */
  static async open(url: string): Promise<Connection> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`Cannot connect to the browser at ${url}`));
    });
    return new Connection(socket);
  }

  /** The session of an attached target. */
  session(id: string): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) this.#sessions.set(id, session = new Session(this, id));
    return session;
  }

  /** Sends a command, and resolves with its result. */
  send(method: string, params: Values, sessionId?: string): Promise<Values> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        return reject(new Error(`${method}: the browser ended`));
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${method}: no answer in ${MOST_MS / 1000} s`));
      }, MOST_MS);
      const settle = <T>(then: (value: T) => void) => (value: T) => {
        clearTimeout(timer);
        then(value);
      };
      this.#waiting.set(id, { method, resolve: settle(resolve), reject: settle(reject) });
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#socket.close();
  }

  #receive({ id, sessionId, method, params, result, error }: Message): void {
    if (id === undefined) {
      const session = sessionId === undefined ? this.browser : this.#sessions.get(sessionId);
      if (method !== undefined) session?.emit(method, params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(`${waiting.method}: ${error.message} ${error.data ?? ""}`.trim()));
    else waiting?.resolve(result);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** One target's commands and events: a page, a frame, a worker, or the browser. */
export class Session {
  readonly #connection: Connection;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(connection: Connection, readonly id?: string) {
    this.#connection = connection;
  }

  /** Sends a command, and resolves with its result. */
  send(method: string, params: Values = {}): Promise<Values> {
    return this.#connection.send(method, params, this.id);
  }

  /** Listens to an event; the result ends that. */
  on(method: string, listener: Listener): () => void {
    let listeners = this.#listeners.get(method);
    if (listeners === undefined) this.#listeners.set(method, listeners = new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The session of a target that was attached to this one. */
  child(id: string): Session {
    return this.#connection.session(id);
  }

  /** Passes an event to its listeners. */
  emit(method: string, values: Values): void {
    for (const listener of this.#listeners.get(method) ?? []) listener(values, this);
  }
}

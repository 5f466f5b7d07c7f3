/**
 * SwanLab's HTTP API as its own SDK uses it: log in, open a run, send.
 *
 * Every method succeeds, throws a {@linkcode SwanLabRefusal} (retrying will not help), or throws another error (the
 * network or the server failed: retrying may help).
 *
 * @module
 */
import type { TrackedRun } from "./backend.ts";
import { configTable, SWANLAB_METADATA, SWANLAB_SDK_VERSION } from "./swanlab_format.ts";

/** A request that the server rejected for good, or a host that the permissions do not allow. */
export class SwanLabRefusal extends Error {
  /** `status` is the HTTP status, 0 if no request was sent. */
  constructor(message: string, readonly status: number = 0) {
    super(message);
    this.name = "SwanLabRefusal";
  }
}

/** The server and the credentials. */
export interface SwanLabAccess {
  /** The key from the user's SwanLab settings page. */
  readonly apiKey: string;
  /** The server, with or without scheme; defaults to SwanLab's cloud. A path in it is ignored. */
  readonly host?: string | undefined;
  /** The timeout of a request in seconds; defaults to 60. */
  readonly timeoutSeconds?: number | undefined;
}

/** A run on the server. */
export interface RemoteRun {
  /** The project's id. */
  readonly projectId: string;
  /** The experiment's id. */
  readonly experimentId: string;
  /** The path of the project in requests, `user/project`. */
  readonly projectPath: string;
  /** The page that shows the run. */
  readonly page: string;
  /** The last step that the server already has, by key. */
  readonly lastSteps: ReadonlyMap<string, number>;
  /** The number of console lines that it has. */
  readonly logLines: number;
}

interface Reply {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

const CLOUD_API = "https://api.swanlab.cn", CLOUD_WEB = "https://swanlab.cn";
const LOGIN_SECONDS = 10;
const DAY = 24 * 60 * 60 * 1000;

/** Where the cloud's server lets a run's images be stored: it signs addresses below this domain. */
const CLOUD_STORAGE = "*.myqcloud.com";

/**
 * Checks that the permissions allow the server, before a run starts that would not be shown there.
 *
 * @throws {Error} with the refused permission as its cause
 */
export function requireServer(host: string | undefined): void {
  const { hostname, port, protocol, origin } = new URL(serverOrigin(host));
  const server = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (Deno.permissions.querySync({ name: "net", host: server }).state === "granted") return;
  // Without a port: a server of one's own stores images behind another one.
  const hosts = origin === CLOUD_API ? `${hostname},${CLOUD_STORAGE}` : hostname;
  throw new Error(
    `Cannot show the run on SwanLab's server: the permission set does not name ${hostname}\n` +
      `hint: allow it with --allow-net=${hosts}, or use --swanlab offline`,
    { cause: new Deno.errors.NotCapable(`Requires net access to "${hosts}", run again`) },
  );
}

/** Scheme, host and port of a server as the user gave it. @throws {TypeError} if it is not an address */
export function serverOrigin(host: string = CLOUD_API): string {
  const url = URL.parse(host.includes("://") ? host : `https://${host}`);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`Cannot use "${host}" as SwanLab's host: expected an http or https address`);
  }
  return url.origin;
}

/** A session with one SwanLab server. */
export class SwanLabClient {
  readonly #api: string;
  readonly #web: string;
  readonly #access: SwanLabAccess;
  readonly #stop: AbortSignal;
  #session: { cookie: string; renewAt: number; username: string } | null = null;

  /** Sends nothing yet. Requests end when `stop` is aborted. @throws {TypeError} if the host is not an address */
  constructor(access: SwanLabAccess, stop: AbortSignal) {
    this.#api = serverOrigin(access.host);
    this.#web = this.#api === CLOUD_API ? CLOUD_WEB : this.#api;
    this.#access = access;
    this.#stop = stop;
  }

  /** Opens the run: logs in, finds or creates project and experiment, and sends the configuration. */
  async open(run: TrackedRun): Promise<RemoteRun> {
    const { username } = await this.#login();
    const workspace = run.workspace || username;
    const projectPath = `${workspace}/${run.project}`;
    await this.#ensureProject(workspace, run.project);
    const project = (await this.request("GET", `/project/${projectPath}`)).data;
    if (project.version !== 1) {
      throw new SwanLabRefusal(
        `the project ${projectPath} is a legacy project of SwanLab; choose another one`,
      );
    }
    const reply = await this.request("POST", `/project/${projectPath}/experiment`, {
      name: run.name,
      ...(run.description ? { description: run.description } : {}),
      createdAt: run.startedAt.toISOString(),
      colors: ["#528d59", "#528d59"],
      cuid: run.runId,
    });
    const experimentId: string = reply.data.cuid;
    const known = reply.status === 200
      ? await this.#summaries(projectPath, project.cuid, experimentId, reply.data.createdAt)
      : {};
    const profile = `/project/${projectPath}/runs/${experimentId}/profile`;
    await this.request("PUT", profile, { metadata: SWANLAB_METADATA });
    await this.request("PUT", profile, { config: configTable(run.config) });
    const steps: { key: string; step: number }[] = [...known.scalar ?? [], ...known.media ?? []];
    return {
      projectId: project.cuid,
      experimentId,
      projectPath,
      page: `${this.#web}/@${projectPath}/runs/${reply.data.slug ?? experimentId}`,
      lastSteps: new Map(steps.map(({ key, step }) => [key, step])),
      logLines: known.log?.[0]?.step ?? 0,
    };
  }

  /** A request to `/api` with the session's cookie; logs in again if the session has expired. */
  async request(method: string, path: string, body?: unknown): Promise<Reply> {
    try {
      return await this.#request(method, path, body);
    } catch (error) {
      if (!(error instanceof SwanLabRefusal) || error.status !== 401) throw error;
      this.#session = null;
      return await this.#request(method, path, body);
    }
  }

  /** Uploads a file to a URL that the server has signed, which may be on another host. */
  async put(url: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const init = { method: "PUT", headers: { "content-type": contentType }, body: new Uint8Array(bytes) };
    await this.#fetch(url, init, this.#seconds);
  }

  get #seconds(): number {
    return this.#access.timeoutSeconds ?? 60;
  }

  async #request(method: string, path: string, body: unknown): Promise<Reply> {
    const { cookie } = await this.#login();
    const headers = { cookie, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const { status, text } = await this.#fetch(`${this.#api}/api${path}`, init, this.#seconds);
    return { status, data: text ? JSON.parse(text) : null };
  }

  async #login(): Promise<{ cookie: string; username: string }> {
    if (this.#session && Date.now() < this.#session.renewAt) return this.#session;
    const init = { method: "POST", headers: { authorization: this.#access.apiKey } };
    const seconds = Math.min(LOGIN_SECONDS, this.#seconds);
    const { text } = await this.#fetch(`${this.#api}/api/login/api_key`, init, seconds).catch((error) => {
      if (!(error instanceof SwanLabRefusal) || error.status === 0) throw error;
      throw new SwanLabRefusal(`the API key was not accepted (${error.status})`);
    });
    const data = JSON.parse(text);
    const expires = Date.parse(data.expiredAt);
    // A week before it expires, like the SDK; halfway for a session shorter than that.
    const renewAt = Number.isNaN(expires)
      ? Infinity
      : Math.max(expires - 7 * DAY, (Date.now() + expires) / 2);
    this.#session = { cookie: `sid=${data.sid}`, renewAt, username: data.userInfo.username };
    return this.#session;
  }

  async #ensureProject(workspace: string, name: string): Promise<void> {
    const project = { name, visibility: "PRIVATE" };
    try {
      await this.request("POST", `/projects/${workspace}`, project);
    } catch (error) {
      if (!(error instanceof SwanLabRefusal) || error.status !== 404) throw error;
      // Older servers have another path, and answer 409 if the project exists.
      await this.request("POST", "/project", { ...project, username: workspace }).catch((error) => {
        if (!(error instanceof SwanLabRefusal) || error.status !== 409) throw error;
      });
    }
  }

  async #summaries(
    projectPath: string,
    projectId: string,
    experimentId: string,
    createdAt: string | undefined,
  ): Promise<{ scalar?: []; media?: []; log?: { step: number }[] }> {
    const since = createdAt ??
      (await this.request("GET", `/project/${projectPath}/runs/${experimentId}`)).data.createdAt;
    const query = `all=True&createdAt=${Math.floor(Date.parse(since) / 1000)}`;
    return (await this.request("GET", `/house/metrics/summaries/${projectId}/${experimentId}?${query}`)).data;
  }

  /**
   * Asks where the server stores images, before there is one.
   *
   * @throws {SwanLabRefusal} if the permissions do not allow that host, with the flag that does
   */
  async requireStorage({ experimentId }: RemoteRun): Promise<void> {
    const body = { experimentId, paths: [`media/image/000-00000000.png`] };
    const url = (await this.request("POST", "/resources/presigned/put", body)).data?.urls?.[0];
    if (URL.canParse(url)) await this.#requireHost(url);
  }

  async #requireHost(url: string): Promise<void> {
    const { protocol, hostname, port } = new URL(url);
    const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
    const permission = await Deno.permissions.query({ name: "net", host });
    if (permission.state === "granted") return;
    // A second flag would replace the first.
    const own = new URL(this.#api).hostname;
    const hosts = hostname === own ? hostname : `${own},${hostname}`;
    throw new SwanLabRefusal(`the permissions do not allow ${hostname}; add --allow-net=${hosts}`);
  }

  async #fetch(url: string, init: RequestInit, seconds: number): Promise<{ status: number; text: string }> {
    const { pathname } = new URL(url);
    // Checked first: a fetch without the permission would stop training with a prompt on the terminal.
    await this.#requireHost(url);
    const headers = { ...init.headers, "x-swanlab-sdk-version": SWANLAB_SDK_VERSION };
    const signal = AbortSignal.any([this.#stop, AbortSignal.timeout(seconds * 1000)]);
    const response = await fetch(url, { ...init, headers, signal });
    const text = await response.text();
    const { ok, status } = response;
    if (ok) return { status, text };
    const what = `${init.method} ${pathname} was answered ${status}`;
    if (status >= 500 || status === 408 || status === 429) throw new Error(what);
    throw new SwanLabRefusal(what, status);
  }
}

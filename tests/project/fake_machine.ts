/**
 * A machine made of stub commands, where `tasks/run.sh` can install packages without changing the real machine: PATH
 * contains only the stubs and a few links, and the stubs of find, grep and tee redirect absolute paths to a temporary
 * folder.
 *
 * @module
 */
import { join } from "node:path";

/** What the fake machine has; everything else is absent. */
export interface MachineOptions {
  /** Whether the caller is root. */
  root?: boolean;
  /** Version of the Deno on PATH. */
  deno?: string;
  /** Version of the Deno in `~/.deno/bin`. */
  homeDeno?: string;
  /** npm and npx, with a global prefix that is writable or not; absent by default. */
  npm?: "writable" | "fixed";
  /** Whether `npm install -g` fails. */
  npmFails?: boolean;
  /** Operating system: `VERSION_CODENAME` of a Debian or Ubuntu, or another system. */
  system?: "bookworm" | "trixie" | "noble" | "fedora" | "Darwin";
  /** Version of Mesa, with its software driver and the Vulkan loader. */
  mesa?: string;
  /** Whether there is a Vulkan loader without a driver. */
  loader?: boolean;
  /** Whether there is a GPU. */
  hardware?: boolean;
  /** Whether apt's sources contain the backports. */
  backports?: boolean;
  /** Name of the browser on PATH. */
  browser?: string;
  /** Whether `apt-get install` fails: always, only from the backports, or silently without installing anything. */
  aptFails?: "always" | "backports" | "silently";
  /** Whether there is sudo. */
  sudo?: boolean;
}

/** Result of a call of `run.sh`. */
export interface Outcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
  /** Calls of all stubs that change or start something, with their arguments, in order. */
  calls: string[];
  /** Folder and setting that Deno was started with; null if it was not started. */
  state: string | null;
  /** Content of the backports source; null if there is none. */
  backportsList: string | null;
}

const LINKS = ["sh", "sed", "head", "tr", "dirname", "cat", "mkdir", "touch", "chmod", "cp"];

const FILE_STUB = (command: string) =>
  `for word; do
  shift
  case $word in /*) word=$FAKE$word ;; esac
  set -- "$@" "$word"
done
exec ${command} "$@"`;

const DENO_STUB = (version: string) =>
  `if [ "$1" = --version ]; then echo "deno ${version} (stable)"; exit; fi
echo "deno $*" >>"$FAKE/calls"
echo "$PWD, update check off: $DENO_NO_UPDATE_CHECK" >"$FAKE/state"`;

/** Creates the machine, runs `run.sh ARGS` on it from the root folder, and removes it. */
export async function onMachine(
  options: MachineOptions,
  script: string,
  args: string[],
): Promise<Outcome> {
  const fake = await Deno.makeTempDir({ prefix: "fake-machine-" });
  try {
    await build(fake, options);
    const child = new Deno.Command("sh", {
      args: ["-c", 'PATH=$FAKE/bin exec sh "$@"', "sh", script, ...args],
      cwd: "/",
      clearEnv: true,
      env: { FAKE: fake, HOME: join(fake, "home") },
      stdin: "null",
    });
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    const calls = (await read(join(fake, "calls")) ?? "").split("\n").filter((line) => line !== "");
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
      calls,
      state: await read(join(fake, "state")),
      backportsList: await read(join(fake, "etc/apt/sources.list.d/bookworm-backports.list")),
    };
  } finally {
    await Deno.remove(fake, { recursive: true });
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function build(fake: string, options: MachineOptions): Promise<void> {
  const system = options.system ?? "trixie";
  const debian = system === "bookworm" || system === "trixie" || system === "noble";
  const put = async (path: string, content: string, mode = 0o644) => {
    const full = join(fake, path);
    await Deno.mkdir(join(full, ".."), { recursive: true });
    await Deno.writeTextFile(full, content, { mode });
  };
  const stub = (path: string, body: string) => put(path, `#!/bin/sh\n${body}\n`, 0o755);
  const logged = (name: string, body: string) =>
    stub(`bin/${name}`, `echo "${name} $*" >>"$FAKE/calls"\n${body}`);

  await Deno.mkdir(join(fake, "bin"));
  await Deno.mkdir(join(fake, "etc/apt/sources.list.d"), { recursive: true });
  for (const name of LINKS) await Deno.symlink(await realPath(name), join(fake, "bin", name));
  for (const name of ["find", "grep", "tee"]) await stub(`bin/${name}`, FILE_STUB(await realPath(name)));
  await stub("bin/id", `echo ${options.root ? 0 : 1000}`);
  await stub("bin/uname", `echo ${system === "Darwin" ? "Darwin" : "Linux"}`);
  await stub("bin/ldconfig", 'if [ -e "$FAKE/loader" ]; then echo "libvulkan.so.1 (libc6) => /lib"; fi');
  if (options.sudo) await stub("bin/sudo", "exit 99");
  await put("etc/os-release", debian ? `VERSION_CODENAME=${system}\n` : "ID=other\n");
  if (options.deno !== undefined) await stub("bin/deno", DENO_STUB(options.deno));
  if (options.browser !== undefined) await stub(`bin/${options.browser}`, "exit 0");
  if (options.homeDeno !== undefined) await stub("home/.deno/bin/deno", DENO_STUB(options.homeDeno));
  if (options.loader || options.mesa !== undefined) await put("loader", "");
  if (options.mesa !== undefined) await put("usr/share/vulkan/icd.d/lvp_icd.json", "{}");
  if (options.hardware) await put("dev/dri/renderD128", "");

  if (options.npm !== undefined) {
    const prefix = options.npm === "writable" ? "$FAKE/npm" : "$FAKE/absent";
    await Deno.mkdir(join(fake, "npm/bin"), { recursive: true });
    await put("npm/deno", `#!/bin/sh\n${DENO_STUB("2.9.6")}\n`, 0o755);
    await logged(
      "npm",
      `case $1 in
prefix) echo "${prefix}" ;;
install) ${options.npmFails ? "exit 1" : 'cp "$FAKE/npm/deno" "$FAKE/npm/bin/deno"'} ;;
esac`,
    );
    await logged("npx", "exit 0");
  }
  if (debian) {
    const fails = {
      always: "exit 100",
      backports: "case $* in *backports*) exit 100 ;; esac",
      silently: "exit 0",
    };
    await stub(
      "bin/apt-get",
      `if [ "$1" = indextargets ]; then
  case $* in *'Origin: Debian'*) ;; *) echo "${system} http://third.example/apt/" ;; esac
  echo "${system} http://mirror.example/debian/"
  if [ -e "$FAKE/etc/apt/sources.list.d/bookworm-backports.list" ]; then
    echo "bookworm-backports http://mirror.example/debian/"
  fi
  exit
fi
echo "apt-get $*" >>"$FAKE/calls"
if [ "$1" = install ]; then
  ${options.aptFails ? fails[options.aptFails] : ":"}
  case $* in *chromium*) echo >"$FAKE/bin/chromium"; chmod +x "$FAKE/bin/chromium"; exit ;; esac
  mkdir -p "$FAKE/usr/share/vulkan/icd.d"
  touch "$FAKE/loader" "$FAKE/usr/share/vulkan/icd.d/lvp_icd.json"
fi`,
    );
    await stub("bin/dpkg-query", options.mesa === undefined ? "exit 1" : `echo "${options.mesa}"`);
  }
  if (options.backports) await put("etc/apt/sources.list.d/bookworm-backports.list", "theirs\n");
  if (system === "fedora") await logged("dnf", "exit 0");
}

async function realPath(name: string): Promise<string> {
  for (const folder of ["/usr/bin", "/bin"]) {
    const path = join(folder, name);
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`Cannot fake a machine: "${name}" is in neither /usr/bin nor /bin`);
}

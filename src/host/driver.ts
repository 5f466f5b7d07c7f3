/**
 * Which driver is behind an adapter, as far as WebGPU and the system's package list tell.
 *
 * @module
 */

/**
 * The oldest Mesa whose software adapter is good enough: that of 22.3 takes about 7 times as long as that of 25.0.
 * `tasks/run.sh` goes by the same number.
 */
export const OLDEST_MESA = 24;

/** Names of the PCI and Khronos vendor numbers under which adapters appear. */
const VENDORS: Record<number, string> = {
  0x1002: "AMD",
  0x1010: "Imagination",
  0x106b: "Apple",
  0x10de: "NVIDIA",
  0x13b5: "ARM",
  0x1414: "Microsoft",
  0x5143: "Qualcomm",
  0x8086: "Intel",
  0x10005: "Mesa",
};

/** The vendor's name; WebGPU here gives its number as decimal text. */
export function vendorName(vendor: string): string {
  return VENDORS[Number(vendor)] ?? (vendor === "" ? "unknown" : vendor);
}

/** The interface under WebGPU. */
export type Backend = "Vulkan" | "OpenGL" | "Metal" | "D3D12";

/**
 * The interface that an adapter goes through, which WebGPU does not say: OpenGL shows by a texture feature that it
 * alone never has, and the rest follows from the operating system.
 */
export function backendOf(features: { has(name: string): boolean }, os: typeof Deno.build.os): Backend {
  if (!features.has("bgra8unorm-storage")) return "OpenGL";
  if (os === "darwin") return "Metal";
  return os === "windows" ? "D3D12" : "Vulkan";
}

/** Mesa's version in Debian's list of installed packages (`/var/lib/dpkg/status`), or null where it has none. */
export function mesaVersionIn(status: string): string | null {
  return versionsIn(status, /^mesa-vulkan-drivers$/)[0]?.version ?? null;
}

/** Every Vulkan driver in that list with its version, such as `mesa-vulkan-drivers 25.0.7-2`; null where there is none. */
export function driverVersionsIn(status: string): string | null {
  const drivers = versionsIn(
    status,
    /^(mesa-vulkan-drivers|amdvlk|(lib)?nvidia-(vulkan-icd|gl|driver)[\w.-]*)$/,
  );
  return drivers.length === 0
    ? null
    : drivers.map(({ name, version }) => `${name} ${version}`).sort().join(", ");
}

function versionsIn(status: string, wanted: RegExp): { name: string; version: string }[] {
  return status.split("\n\n").flatMap((entry) => {
    const name = /^Package: (.*)$/m.exec(entry)?.[1] ?? "";
    const version = /^Version: (.*)$/m.exec(entry)?.[1];
    const installed = wanted.test(name) && /^Status: .* installed$/m.test(entry);
    return installed && version !== undefined ? [{ name, version }] : [];
  });
}

/** Mesa's version on this Debian or Ubuntu; null on other systems, or where the list may not be read. */
export async function readMesaVersion(): Promise<string | null> {
  return mesaVersionIn(await readPackages());
}

/** The Vulkan drivers of this Debian or Ubuntu; null on other systems, or where the list may not be read. */
export async function readDriverVersions(): Promise<string | null> {
  return driverVersionsIn(await readPackages());
}

async function readPackages(): Promise<string> {
  try {
    return await Deno.readTextFile("/var/lib/dpkg/status");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return "";
    throw error;
  }
}

/** Is this version of Mesa older than {@linkcode OLDEST_MESA}? */
export function isOldMesa(version: string): boolean {
  return Number.parseInt(version, 10) < OLDEST_MESA;
}

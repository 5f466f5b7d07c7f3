/**
 * Which driver is behind an adapter, as far as WebGPU and the system's package list tell.
 *
 * @module
 */
import { isOpenGl } from "../gpu/adapter.ts";
import { isGranted } from "./permissions.ts";

/**
 * The oldest Mesa whose software adapter is fast enough: that of 22.3 takes about 7 times as long as that of 25.0.
 * `tasks/run.sh` uses the same number.
 */
export const OLDEST_MESA = 24;

/** Debian's list of packages. */
export const PACKAGES = "/var/lib/dpkg/status";

/** Names of the PCI and Khronos vendor numbers of adapters. */
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

/** The vendor's name; Deno reports its number as decimal text. */
export function vendorName(vendor: string): string {
  return VENDORS[Number(vendor)] ?? (vendor === "" ? "unknown" : vendor);
}

/** The interface under WebGPU. */
export type Backend = "Vulkan" | "OpenGL" | "Metal" | "D3D12";

/** The interface that an adapter goes through, which WebGPU does not say: all but OpenGL follows from the system. */
export function backendOf(features: { has(name: string): boolean }, os: typeof Deno.build.os): Backend {
  if (isOpenGl(features)) return "OpenGL";
  if (os === "darwin") return "Metal";
  return os === "windows" ? "D3D12" : "Vulkan";
}

/** Mesa's version in Debian's list of installed packages (`/var/lib/dpkg/status`); null if it is not installed. */
export function mesaVersionIn(status: string): string | null {
  return versionsIn(status, /^Package: (mesa-vulkan-drivers)$/gm)[0]?.version ?? null;
}

/** Every Vulkan driver in that list with its version, such as `mesa-vulkan-drivers 25.0.7-2`; null if there is none. */
export function driverVersionsIn(status: string): string | null {
  const drivers = versionsIn(
    status,
    /^Package: (mesa-vulkan-drivers|amdvlk|(?:lib)?nvidia-(?:vulkan-icd|gl|driver)[\w.-]*)$/gm,
  );
  return drivers.length === 0
    ? null
    : drivers.map(({ name, version }) => `${name} ${version}`).sort().join(", ");
}

/** The installed ones of the packages that match; the pattern's group is the name. */
function versionsIn(status: string, wanted: RegExp): { name: string; version: string }[] {
  return [...status.matchAll(wanted)].flatMap(({ 0: { length }, 1: name, index }) => {
    const end = status.indexOf("\n\n", index);
    const entry = status.slice(index + length, end < 0 ? undefined : end);
    const version = /^Version: (.*)$/m.exec(entry)?.[1];
    const installed = /^Status: .* installed$/m.test(entry);
    return installed && version !== undefined ? [{ name: name!, version }] : [];
  });
}

/** Mesa's version on this Debian or Ubuntu; null on other systems, or if the list must not be read. */
export function readMesaVersion(): string | null {
  return mesaVersionIn(readPackages());
}

/** The Vulkan drivers of this Debian or Ubuntu; null on other systems, or if the list must not be read. */
export function readDriverVersions(): string | null {
  return driverVersionsIn(readPackages());
}

/** Read at once, without waiting for a thread: it is part of opening a GPU. */
function readPackages(): string {
  if (!isGranted("read", PACKAGES)) return "";
  try {
    return Deno.readTextFileSync(PACKAGES);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Whether a version of Mesa is older than {@linkcode OLDEST_MESA}. */
export function isOldMesa(version: string): boolean {
  return Number.parseInt(version, 10) < OLDEST_MESA;
}

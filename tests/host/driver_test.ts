import assert from "node:assert/strict";
import {
  backendOf,
  driverVersionsIn,
  isOldMesa,
  mesaVersionIn,
  OLDEST_MESA,
  vendorName,
} from "../../src/host/driver.ts";
import { readProject } from "../project/files.ts";

const STATUS = `Package: libvulkan1
Status: install ok installed
Version: 1.3.239.0-1

Package: mesa-vulkan-drivers
Status: install ok installed
Multi-Arch: same
Version: 25.0.7-2~bpo12+1
Description: Mesa Vulkan graphics drivers
 Version: not this one

Package: zlib1g
Status: install ok installed
Version: 1:1.2.13
`;

Deno.test("mesaVersionIn: reads the version from the list of installed packages", () => {
  assert.equal(mesaVersionIn(STATUS), "25.0.7-2~bpo12+1");
  assert.equal(mesaVersionIn(STATUS.replaceAll("mesa-vulkan-drivers", "mesa-vulkan-drivers-old")), null);
  const removed = STATUS.replace(
    "mesa-vulkan-drivers\nStatus: install ok installed",
    "mesa-vulkan-drivers\nStatus: deinstall ok config-files",
  );
  assert.equal(mesaVersionIn(removed), null);
  assert.equal(mesaVersionIn(""), null);
});

Deno.test("driverVersionsIn: names every installed Vulkan driver with its version", () => {
  assert.equal(driverVersionsIn(STATUS), "mesa-vulkan-drivers 25.0.7-2~bpo12+1");
  const nvidia = `${STATUS}\nPackage: libnvidia-gl-535\nStatus: install ok installed\nVersion: 535.183.01\n`;
  assert.equal(
    driverVersionsIn(nvidia),
    "libnvidia-gl-535 535.183.01, mesa-vulkan-drivers 25.0.7-2~bpo12+1",
  );
  assert.equal(driverVersionsIn(STATUS.replaceAll("mesa-vulkan-drivers", "mesa-va-drivers")), null);
  assert.equal(driverVersionsIn(""), null);
});

Deno.test("isOldMesa: uses the same version as run.sh", () => {
  assert.match(readProject("tasks/run.sh"), new RegExp(`^OLDEST_MESA=${OLDEST_MESA} `, "m"));
  assert.equal(isOldMesa("22.3.6-1+deb12u1"), true);
  assert.equal(isOldMesa("24.0.0"), false);
  assert.equal(isOldMesa("25.0.7-2"), false);
});

Deno.test("vendorName, backendOf: names vendors by number, and the backend by a missing feature", () => {
  assert.equal(vendorName("65541"), "Mesa");
  assert.equal(vendorName("4318"), "NVIDIA");
  assert.equal(vendorName("7"), "7");
  assert.equal(vendorName(""), "unknown");
  assert.equal(backendOf(new Set(["timestamp-query"]), "linux"), "OpenGL");
  assert.equal(backendOf(new Set(["bgra8unorm-storage"]), "linux"), "Vulkan");
  assert.equal(backendOf(new Set(["bgra8unorm-storage"]), "darwin"), "Metal");
  assert.equal(backendOf(new Set(["bgra8unorm-storage"]), "windows"), "D3D12");
});

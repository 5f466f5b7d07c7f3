import assert from "node:assert/strict";
import { openTestGpu } from "../support/test_gpu.ts";
import { HAS_VULKAN } from "../support/vulkan_only.ts";

Deno.test({
  name: "openTestGpu: loads no libEGL, whose finalizer can abort a test process at exit",
  ignore: !HAS_VULKAN,
  fn: async () => {
    const gpu = await openTestGpu();
    gpu.check();
    // Deno itself may read this only with every permission.
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `cat /proc/${Deno.pid}/maps`] }).output();
    const libraries = new TextDecoder().decode(stdout);
    assert.match(libraries, /libvulkan/);
    assert.doesNotMatch(libraries, /libEGL/);
  },
});

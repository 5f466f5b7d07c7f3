/**
 * Keeps OpenGL out of a test process, for its exit to be clean: import this before anything opens a GPU.
 *
 * To look for adapters, WebGPU loads libEGL too. That library (libglvnd 1.6) keeps state per thread, and frees it when
 * the thread ends, and for all threads when the process exits, without a lock. `deno test` runs tests on a thread that
 * ends just then: sometimes both free the same memory, and glibc aborts the process after its tests have passed (exit
 * code 134 in about 2 of 100 runs). A task's GPU lives on the main thread, which never ends before the process.
 *
 * @module
 */

/** Where Linux drivers say that they speak Vulkan. */
const MANIFESTS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/** Whether this is Linux with a Vulkan driver. */
export const HAS_VULKAN: boolean = Deno.build.os === "linux" && MANIFESTS.some(hasFiles);

if (HAS_VULKAN) Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");

function hasFiles(folder: string): boolean {
  try {
    return [...Deno.readDirSync(folder)].length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Imports the test files named on the command line, so that they run in one process and share its device:
 * `deno test` gives every file a realm of its own. The test task starts it.
 *
 * @module
 */
import "./vulkan_only.ts";

for (const file of Deno.args) await import(file);

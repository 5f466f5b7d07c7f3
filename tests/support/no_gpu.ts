/**
 * Loaded before tests that run in parallel: a test that opens a GPU among them fails and says why.
 *
 * @module
 */
if (navigator.gpu) {
  const requestAdapter = () =>
    Promise.reject(
      new Error(
        "this test opens a GPU next to others\nhint: import openTestGpu from tests/support/test_gpu.ts",
      ),
    );
  Object.defineProperty(navigator.gpu, "requestAdapter", { value: requestAdapter });
}

/** Read-backs in runtimes that differ in when a mapped range can be read. No GPU is involved but in the last test. */
import assert from "node:assert/strict";
import { openDevice } from "../../src/gpu/open_device.ts";
import { ReadBack } from "../../src/gpu/read_back.ts";
import "../support/vulkan_only.ts";

/** When a buffer's range holds its bytes: during `mapAsync`, or once its promise has resolved. */
type Runtime = "at once" | "awaited" | "stale until awaited";

/** A device that copies, maps and nothing else. */
class FakeDevice {
  readonly mapped: string[] = [];
  /** Waits that were begun and are not over. */
  waits = 0;
  readonly #written: (() => void)[] = [];

  constructor(readonly runtime: Runtime) {}

  readonly queue = {
    // As in Deno, what is written arrives with the next submission.
    writeBuffer: (to: FakeBuffer, offset: number, data: Uint32Array) =>
      this.#written.push(() => to.bytes.set(new Uint8Array(data.buffer), offset)),
    submit: (lists: (() => void)[][]) =>
      [...this.#written.splice(0), ...lists.flat()].forEach((command) => command()),
    onSubmittedWorkDone: () => {
      this.mapped.push("done");
      return Promise.resolve();
    },
  };

  createBuffer({ size, mappedAtCreation }: GPUBufferDescriptor): FakeBuffer {
    return new FakeBuffer(this, size, mappedAtCreation === true);
  }

  createCommandEncoder() {
    const commands: (() => void)[] = [];
    return {
      clearBuffer: (buffer: FakeBuffer) => commands.push(() => buffer.bytes.fill(0)),
      copyBufferToBuffer: (from: FakeBuffer, first: number, to: FakeBuffer, at: number, count: number) =>
        commands.push(() => to.bytes.set(from.bytes.subarray(first, first + count), at)),
      finish: () => commands,
    };
  }
}

class FakeBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  #range: ArrayBuffer | undefined;
  #wasMapped: boolean;

  constructor(readonly device: FakeDevice, readonly size: number, mapped: boolean) {
    this.bytes = new Uint8Array(size);
    this.#wasMapped = mapped;
    if (mapped) this.#range = this.bytes.buffer;
  }

  async mapAsync(_mode: number, first: number, count: number): Promise<void> {
    const { runtime } = this.device;
    const range = this.bytes.slice(first, first + count).buffer;
    if (runtime === "at once") {
      assert.ok(this.#wasMapped, "the range of a buffer that was never mapped ends Deno's process");
      this.#range = range;
    }
    if (runtime === "stale until awaited") this.#range = new ArrayBuffer(count);
    this.device.mapped.push(`${count}`);
    this.device.waits++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.device.waits--;
    if (runtime !== "at once") this.#range = range;
    this.#wasMapped = true;
  }

  getMappedRange(): ArrayBuffer {
    if (!this.#range) throw new DOMException("The buffer is not mapped", "OperationError");
    return this.#range;
  }

  unmap(): void {
    this.#range = undefined;
  }

  destroy(): void {}
}

function readBackOf(device: GPUDevice): ReadBack {
  return new ReadBack(device, (encoder) => device.queue.submit([encoder.finish()]));
}

function open(runtime: Runtime): { device: FakeDevice; reads: ReadBack; source: FakeBuffer } {
  const device = new FakeDevice(runtime);
  const source = device.createBuffer({ size: 2 ** 24 + 4096, usage: 0 });
  const values = Uint8Array.from({ length: 251 * 64 }, (_, index) => index % 251);
  for (let first = 0; first < source.size; first += values.length) {
    source.bytes.set(values.subarray(0, source.size - first), first);
  }
  return { device, reads: readBackOf(device as unknown as GPUDevice), source };
}

for (const runtime of ["at once", "awaited", "stale until awaited"] as const) {
  Deno.test(`ReadBack: a runtime whose ranges are there ${runtime} gives every byte`, async () => {
    const { device, reads, source } = open(runtime);
    for (
      const [offset, length, whole] of [[256, 1024, true], [0, source.size, true], [
        0,
        source.size,
        false,
      ]] as const
    ) {
      const target = new Uint8Array(length + 8).fill(255);
      await reads.into(target.subarray(4, 4 + length), source as unknown as GPUBuffer, offset, whole);
      assert.deepEqual(target.subarray(4, 4 + length), source.bytes.subarray(offset, offset + length));
      assert.deepEqual([target[3], target[4 + length]], [255, 255]);
      if (runtime !== "at once") assert.equal(device.waits, 0, "a promise was not awaited");
    }
    assert.equal(reads.atOnce, runtime === "at once");
    // The proof, then the reads: at once in chunks of 2 MiB; awaited whole, or in chunks of 16 MiB.
    const atOnce = [...Array(8).fill(`${2 ** 21}`), "4096"];
    const chunks = runtime === "at once" ? [...atOnce, ...atOnce] : [`${source.size}`, `${2 ** 24}`, "4096"];
    assert.deepEqual(device.mapped, ["16", "1024", ...chunks]);
    await reads.idle();
    assert.equal(device.mapped.at(-1), runtime === "at once" ? "16" : "done");
    while (device.waits > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  });
}

Deno.test("ReadBack: a range that is missing once, as of a lost device, is waited for", async () => {
  const { device, reads, source } = open("at once");
  assert.ok(reads.atOnce);
  const { getMappedRange } = FakeBuffer.prototype;
  const missing = new Error("not mapped");
  FakeBuffer.prototype.getMappedRange = function () {
    if (this.device.waits > 0) throw missing;
    return getMappedRange.call(this);
  };
  // The fake refuses ranges of buffers that were never mapped, which is what an awaited one is.
  const { mapAsync } = FakeBuffer.prototype;
  FakeBuffer.prototype.mapAsync = async function (_mode, first, count) {
    this.device.waits++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.device.waits--;
    this.getMappedRange = () => this.bytes.slice(first, first + count).buffer;
  };
  try {
    const target = new Uint8Array(512);
    await reads.into(target, source as unknown as GPUBuffer, 256, true);
    assert.deepEqual(target, source.bytes.slice(256, 768));
  } finally {
    Object.assign(FakeBuffer.prototype, { getMappedRange, mapAsync });
  }
  assert.equal(device.waits, 0);
});

Deno.test("Gpu.read: throws what the device reports of the work it waits for, not later", async () => {
  const gpu = await openDevice();
  try {
    assert.ok(
      readBackOf(gpu.device).atOnce,
      "Deno maps before mapAsync returns, which saves 10 ms per read",
    );
    const buffer = await gpu.createBuffer("values", 256);
    gpu.write(buffer, 0, Float32Array.of(1, 2, 3));
    const both = await Promise.all([gpu.read(buffer, 0, 8), gpu.read(buffer, 4, 8)]);
    assert.deepEqual(both.map((bytes) => [...new Float32Array(bytes)]), [[1, 2], [2, 3]]);
    await gpu.idle();
    await assert.rejects(gpu.read(buffer, 0, 512), { message: /^The GPU refused a command: / });
  } finally {
    gpu.close();
  }
});

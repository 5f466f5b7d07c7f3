/**
 * Read-backs: bytes of a device's buffer in the host's memory.
 *
 * Where `mapAsync` waits for the device before it returns, as Deno's does, its promise still takes 10 ms to resolve. So
 * the mapped range is asked for at once, and the promise awaited only if that fails, as WebGPU demands and browsers do.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes of a chunk that is read at once: more leave a processor's caches, and take longer per byte. */
const CHUNK_AT_ONCE = 2 ** 21;

/** Bytes of a chunk whose promise is awaited: each may cost a wait of 10 ms. */
const CHUNK_AWAITED = 2 ** 24;

/** Bytes by which reading at once is proven. */
const PROOF = Uint32Array.of(0x2545f491, 0x9e3779b9, 0x7f4a7c15, 0x85ebca6b);

/** Reads buffers of one device. */
export class ReadBack {
  readonly #device: GPUDevice;
  readonly #submit: (encoder: GPUCommandEncoder) => void;
  /** Whether a mapped range can be read before its promise resolves; unknown until the first read. */
  #atOnce: boolean | undefined;
  /** Serves all reads at once, none of which outlasts its turn of the event loop. */
  #staging: GPUBuffer | undefined;

  /**
   * Allocates nothing yet.
   *
   * @param submit hands commands to the device
   */
  constructor(device: GPUDevice, submit: (encoder: GPUCommandEncoder) => void) {
    this.#device = device;
    this.#submit = submit;
  }

  /** Whether this runtime lets a mapped range be read before its promise resolves, as proven on this device. */
  get atOnce(): boolean {
    return this.#atOnce ??= this.#prove();
  }

  /**
   * Fills `target` with the buffer's bytes from `offset` on, after all work submitted before.
   *
   * @param whole whether all bytes must be of the same moment, whatever is submitted meanwhile
   * @throws {Error} if the device is lost.
   */
  async into(target: Uint8Array, buffer: GPUBuffer, offset: number, whole: boolean): Promise<void> {
    const { atOnce } = this;
    let first = 0;
    while (atOnce && first < target.length) {
      const count = Math.min(CHUNK_AT_ONCE, target.length - first);
      if (!this.#readAtOnce(target.subarray(first, first + count), buffer, offset + first)) break;
      first += count;
    }
    if (first === target.length) return await nextTurn();
    await this.#readAwaited(target.subarray(first), buffer, offset + first, whole);
  }

  /** Waits until all submitted work is done. */
  async idle(): Promise<void> {
    if (this.atOnce) {
      const staging = this.#stagingOf(PROOF.byteLength);
      const encoder = this.#device.createCommandEncoder();
      encoder.clearBuffer(staging, 0, PROOF.byteLength);
      this.#submit(encoder);
      if (mapAtOnce(staging, PROOF.byteLength, () => {})) return await nextTurn();
    }
    await this.#device.queue.onSubmittedWorkDone();
  }

  #readAtOnce(target: Uint8Array, buffer: GPUBuffer, offset: number): boolean {
    const staging = this.#stagingOf(target.length);
    this.#copy(staging, buffer, offset, target.length);
    return mapAtOnce(staging, target.length, (bytes) => target.set(bytes));
  }

  async #readAwaited(target: Uint8Array, buffer: GPUBuffer, offset: number, whole: boolean): Promise<void> {
    const size = whole ? target.length : Math.min(target.length, CHUNK_AWAITED);
    // Others may read meanwhile: the memory is not shared.
    const staging = createStaging(this.#device, size, false);
    try {
      for (let first = 0; first < target.length; first += size) {
        const count = Math.min(size, target.length - first);
        this.#copy(staging, buffer, offset + first, count);
        await staging.mapAsync(GPUMapMode.READ, 0, count);
        target.set(new Uint8Array(staging.getMappedRange(0, count)), first);
        staging.unmap();
      }
    } finally {
      staging.destroy();
    }
  }

  #copy(staging: GPUBuffer, buffer: GPUBuffer, offset: number, byteLength: number): void {
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, byteLength);
    this.#submit(encoder);
  }

  /** Staging memory of at least `byteLength` bytes. */
  #stagingOf(byteLength: number): GPUBuffer {
    if (this.#staging && this.#staging.size >= byteLength) return this.#staging;
    this.#staging?.destroy();
    return this.#staging = createStaging(this.#device, byteLength, true);
  }

  /** Writes bytes to staging memory and looks whether they are there as soon as it is being mapped. */
  #prove(): boolean {
    const { byteLength } = PROOF;
    const staging = this.#stagingOf(byteLength);
    this.#device.queue.writeBuffer(staging, 0, PROOF);
    // Deno writes with the next submission.
    this.#device.queue.submit([]);
    let seen: Uint8Array | undefined;
    const proof = new Uint8Array(PROOF.buffer);
    return mapAtOnce(staging, byteLength, (bytes) => seen = bytes.slice()) &&
      proof.every((byte, index) => seen?.[index] === byte);
  }
}

/**
 * A buffer to copy to and map. One that is to be read at once begins mapped, and is unmapped here: of a buffer that was
 * never mapped, Deno does not know what its range is for, and ends the process.
 */
function createStaging(device: GPUDevice, size: number, mappedAtCreation: boolean): GPUBuffer {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ label: "read-back", size, usage, mappedAtCreation });
  if (mappedAtCreation) staging.unmap();
  return staging;
}

/** Hands over the mapped bytes without waiting for the promise; false if there are none. */
function mapAtOnce(staging: GPUBuffer, byteLength: number, use: (bytes: Uint8Array) => void): boolean {
  // Unmapping may reject it; how it ends matters to nobody.
  staging.mapAsync(GPUMapMode.READ, 0, byteLength).catch(() => {});
  let range: ArrayBuffer | undefined;
  try {
    range = staging.getMappedRange(0, byteLength);
  } catch {
    // Not mapped yet: the device was lost, or this runtime maps later.
  }
  if (range) use(new Uint8Array(range));
  staging.unmap();
  return range !== undefined;
}

/** Resolves in the next turn of the event loop, so that who reads in a loop leaves timers and signals their turns. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Takes 0.1 ms, where a timer takes 2.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

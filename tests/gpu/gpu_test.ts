/** What can go wrong with a device: every failure is a thrown error that says what was tried, and what helps. */
import assert from "node:assert/strict";
import { defineKernel, type Kernel } from "../../kernels/kernel.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { withCompileTime } from "../support/compile_time.ts";
import { withNavigatorGpu } from "../support/navigator_gpu.ts";
import { Program } from "../../src/graph/program.ts";
import "../support/vulkan_only.ts";

const BINDINGS = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> params: vec4u;
`;

function kernelOf(body: string, label = "test/kernel"): Kernel {
  return defineKernel(label, `${BINDINGS}@compute @workgroup_size(64)\nfn main() {\n  ${body}\n}\n`);
}

const FILL = kernelOf("out[0] = 7.0;");

async function withDevice(work: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await openDevice();
  try {
    await work(gpu);
  } finally {
    gpu.close();
  }
}

async function runOnce(gpu: Gpu, kernel: Kernel, buffer: GPUBuffer, workgroups = 1): Promise<void> {
  const dispatch = { kernel, params: new Uint8Array(16), workgroups: [workgroups, 1, 1] as const };
  const views = [{ buffer: 0, offset: 0, byteLength: buffer.size }];
  const program = await Program.create(gpu, [{ dispatch, views }], [buffer]);
  gpu.run((pass) => program.encode(pass));
}

Deno.test("openDevice: without an adapter, throws what to install", async () => {
  for (const none of [undefined, { requestAdapter: () => Promise.resolve(null) }]) {
    await withNavigatorGpu(none, async () => {
      await assert.rejects(openDevice(), {
        name: "Error",
        message:
          /^Cannot open a GPU: this machine offers no WebGPU adapter\nhint: install a Vulkan driver; .*apt-get install/,
      });
    });
  }
});

Deno.test("openDevice: rejects an adapter that binds too few storage buffers, by name", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const limits = new Proxy(adapter.limits, {
    get: (target, name) => name === "maxStorageBuffersPerShaderStage" ? 4 : Reflect.get(target, name, target),
  });
  const poor = new Proxy(adapter, {
    get: (target, name) => name === "limits" ? limits : Reflect.get(target, name, target),
  });
  await withNavigatorGpu({ requestAdapter: () => Promise.resolve(poor) }, async () => {
    await assert.rejects(openDevice(), {
      name: "RangeError",
      message: /^Cannot use adapter ".+": it binds 4 storage buffers, the kernels need 8\nhint: /,
    });
  });
});

Deno.test("Gpu.compile: a kernel that does not compile is an error with its label, file and line", async () => {
  await withDevice(async (gpu) => {
    const broken = kernelOf("out[0] = 1.0 +;", "room/broken");
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(gpu.compile([broken]), {
        name: "SyntaxError",
        message: /^Cannot compile kernel "room\/broken" \(kernels\/room\/broken\.wgsl:5:\d+\): .*expected/,
      });
    }
    const wrongType = kernelOf("let a = 1;\n  out[0] = vec2f();", "room/types");
    await assert.rejects(gpu.compile([wrongType]), {
      message: /^Cannot compile kernel "room\/types" \(kernels\/room\/types\.wgsl:6:\d+\): /,
    });
    const nameless = defineKernel("room/nameless", FILL.code.replace("fn main", "fn start"));
    await assert.rejects(gpu.compile([nameless]), {
      name: "SyntaxError",
      message: /^Cannot create a pipeline of kernel "room\/nameless": /,
    });
    assert.throws(() => gpu.pipeline(broken), {
      message: 'Cannot run kernel "room/broken": it was not compiled',
    });
    // The device still works.
    gpu.check();
    assert.equal(gpu.pipelineCount, 0);
    const buffer = await gpu.createBuffer("out", 256);
    await runOnce(gpu, FILL, buffer);
    assert.equal(new Float32Array(await gpu.read(buffer, 0, 4))[0], 7);
    assert.equal(gpu.pipelineCount, 1);
  });
});

Deno.test("Gpu.compile: a driver that is out of memory is no error of the kernel, and may be tried again", async () => {
  await withDevice(async (gpu) => {
    const create = gpu.device.createComputePipelineAsync;
    gpu.device.createComputePipelineAsync = () => Promise.reject(new Error("Not enough memory left."));
    await assert.rejects(
      gpu.compile([FILL]),
      (error: Error) =>
        error instanceof CapacityError &&
        error.message === 'Cannot create a pipeline of kernel "test/kernel": Not enough memory left.',
    );
    gpu.device.createComputePipelineAsync = create;
    await gpu.compile([FILL]);
    assert.equal(gpu.pipelineCount, 1);
  });
});

Deno.test("Gpu.onCompile: is called once per compilation that takes a while, with the number of kernels", async () => {
  const announced: number[] = [];
  const gpu = await openDevice({ onCompile: (kernels) => announced.push(kernels) });
  await withCompileTime(gpu, 0.1, () => gpu.compile([kernelOf("out[0] = 9.0;")]));
  assert.deepEqual(announced, []);
  const other = kernelOf("out[0] = 8.0;");
  await withCompileTime(gpu, 1, async () => {
    await gpu.compile([FILL, other]);
    await gpu.compile([other, FILL]);
  });
  assert.deepEqual(announced, [2]);
  assert.equal(gpu.pipelineCount, 3);
  gpu.close();
});

Deno.test("Gpu: a refused command is thrown by the next call and by every later one", async () => {
  await withDevice(async (gpu) => {
    const buffer = await gpu.createBuffer("out", 256);
    const outcome = (async () => {
      await runOnce(gpu, FILL, buffer, 65536);
      return await gpu.read(buffer, 0, 4);
    })();
    await assert.rejects(outcome, { name: "Error", message: /^The GPU refused a command: .*65536/s });
    const calls: (() => unknown)[] = [
      () => gpu.check(),
      () => gpu.compile([FILL]),
      () => gpu.createBuffer("more", 256),
      () => gpu.read(buffer, 0, 4),
      () => gpu.idle(),
      () => gpu.submit(gpu.device.createCommandEncoder()),
      () => gpu.copy(buffer, buffer, 4),
      () => gpu.clear(buffer),
      () => gpu.write(buffer, 0, new Float32Array(1)),
    ];
    for (const call of calls) await assert.rejects(async () => await call(), /The GPU refused a command/);
  });
});

Deno.test("Gpu: a binding that is too small for its kernel is refused, not read as zeros", async () => {
  await withDevice(async (gpu) => {
    const buffer = await gpu.createBuffer("out", 256);
    const dispatch = { kernel: FILL, params: new Uint8Array(0), workgroups: [1, 1, 1] as const };
    const views = [{ buffer: 0, offset: 0, byteLength: 256 }];
    await assert.rejects(async () => {
      await Program.create(gpu, [{ dispatch, views }], [buffer]);
      await gpu.idle();
    }, /^Error: The GPU refused a command: /);
  });
});

Deno.test("Gpu: writes a part of the values, copies and clears", async () => {
  await withDevice(async (gpu) => {
    const [from, to] = [await gpu.createBuffer("from", 256), await gpu.createBuffer("to", 256)];
    gpu.write(from, 4, new Float32Array([1, 2, 3, 4]), 1, 2);
    gpu.copy(from, to, 8);
    gpu.clear(from);
    assert.deepEqual([...new Float32Array(await gpu.read(to, 0, 16))], [0, 2, 0, 0]);
    assert.deepEqual([...new Float32Array(await gpu.read(from, 0, 16))], [0, 0, 0, 0]);
  });
});

Deno.test("Gpu: a lost device is an error that says how to resume", async () => {
  const gpu = await openDevice();
  const buffer = await gpu.createBuffer("out", 256);
  gpu.device.destroy();
  await assert.rejects(gpu.read(buffer, 0, 4), {
    name: "Error",
    message: /^The GPU was lost \(destroyed\): .*\nhint: run again with --resume/s,
  });
  assert.throws(() => gpu.check(), /The GPU was lost/);
});

Deno.test("Gpu.createBuffer: exceeding the limit or the memory is an error with a way out", async () => {
  await withDevice(async (gpu) => {
    const limit = gpu.limits.maxBufferSize;
    await assert.rejects(gpu.createBuffer("everything", limit + 1), {
      name: "RangeError",
      message: new RegExp(
        `^Cannot allocate \\d+ bytes for "everything": this device allows ${limit} in one buffer\nhint: use a smaller`,
      ),
    });
    gpu.check();
    // A test must not use up real memory.
    gpu.device.popErrorScope = () => Promise.resolve({ message: "out of memory" } as GPUError);
    await assert.rejects(gpu.createBuffer("one too many", 1000), {
      name: "RangeError",
      message:
        /^Cannot allocate 1024 bytes for "one too many": the device is out of memory\nhint: use a smaller batch/,
    });
  });
});

Deno.test("Gpu.upload, Gpu.readInto: copy values chunk by chunk to their place and nowhere else", async () => {
  await withDevice(async (gpu) => {
    // More than four chunks of an upload, and more than one of a read-back.
    const values = Float32Array.from({ length: 2 ** 22 + 7 }, (_, index) => index);
    const buffer = await gpu.createBuffer("values", 4 * values.length + 512);
    gpu.upload(buffer, 256, values.subarray(1));
    const target = new Uint8Array(4 * values.length + 256);
    await gpu.readInto(buffer, target);
    const read = new Float32Array(target.buffer);
    assert.ok(read.subarray(0, 64).every((value) => value === 0));
    assert.deepEqual(read.subarray(64, 63 + values.length), values.subarray(1));
    assert.equal(read.at(-1), 0);
  });
});

Deno.test("Gpu.createBuffer: new buffers hold zeros", async () => {
  await withDevice(async (gpu) => {
    const buffer = await gpu.createBuffer("zeros", 1000);
    assert.ok(new Uint8Array(await gpu.read(buffer, 0, 1000)).every((byte) => byte === 0));
  });
});

Deno.test("Gpu.close: a closed device stays closed", async () => {
  const gpu = await openDevice();
  const buffer = await gpu.createBuffer("out", 256);
  gpu.close();
  const calls: (() => unknown)[] = [
    () => gpu.check(),
    () => gpu.compile([FILL]),
    () => gpu.createBuffer("more", 256),
    () => gpu.read(buffer, 0, 4),
    () => gpu.idle(),
  ];
  for (const call of calls) {
    await assert.rejects(async () => await call(), { message: "Cannot use the GPU: it was closed" });
  }
  gpu.close();
});

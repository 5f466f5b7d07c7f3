/**
 * An MPI library through Deno's FFI, with no more than the grant for that one file: no handle is a `Deno.UnsafePointer`,
 * which requires the grant for all.
 *
 * @module
 */

/** How a library represents what C's headers name. Handles are pointers in Open MPI and integers in MPICH. */
interface Abi {
  readonly world: Handle;
  readonly float: Handle;
  readonly sum: Handle;
  /** The address that stands for the send buffer of a reduction in place. */
  readonly inPlace: bigint;
  /** The address that stands for a status of no interest. */
  readonly statusIgnore: bigint;
}

type Handle = number | bigint;

/** A rank of a world of MPI. */
export interface Mpi {
  /** This rank, from 0. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /**
   * Replaces values by their sums over all ranks. The event loop runs meanwhile; the values must not be used until the
   * promise resolves, and no other call may be made before.
   */
  sum(values: Float32Array<ArrayBuffer>): Promise<void>;
  /** Starts a meeting of all ranks; the function that it returns says whether all have come. */
  meet(): () => boolean;
  /** Leaves the world, after the last exchange of every rank. */
  finalize(): void;
}

/** MPI_THREAD_MULTIPLE: calls may come from any thread, as those of `nonblocking` symbols do. */
const THREAD_MULTIPLE = 3;

/**
 * Opens the library and joins the world of `mpirun` or `srun`; started without them, a process is a world of one.
 *
 * @param path the absolute path of `libmpi.so.40`, `libmpich.so.12` or another library with one of their ABIs
 * @throws {Error} if it is no such library, or grants too little
 */
export function joinMpi(path: string): Mpi {
  const conversions = findConversions(path);
  const { symbols } = open(path, conversions === null ? "i32" : "usize");
  const out = new Int32Array(1);
  const read = (call: (out: Int32Array<ArrayBuffer>) => number) => {
    check(call(out), "ask MPI for its ranks");
    return out[0]!;
  };
  check(symbols.MPI_Init_thread(0n, 0n, THREAD_MULTIPLE, out), "start MPI");
  if (out[0]! < THREAD_MULTIPLE) {
    throw new Error(
      `Cannot use ${path}: it grants thread level ${
        out[0]
      }, expected ${THREAD_MULTIPLE} (MPI_THREAD_MULTIPLE)\n` +
        "hint: use a library that is built with threads, as those of Linux distributions are",
    );
  }
  // Open MPI converts handles only once it has started.
  const abi = conversions === null ? MPICH : openMpi(conversions);
  return {
    rank: read((out) => symbols.MPI_Comm_rank(abi.world, out)),
    size: read((out) => symbols.MPI_Comm_size(abi.world, out)),
    async sum(values) {
      const code = symbols.MPI_Allreduce(abi.inPlace, values, values.length, abi.float, abi.sum, abi.world);
      check(await code, "sum over the ranks");
    },
    meet() {
      const request = new BigUint64Array(1);
      check(symbols.MPI_Ibarrier(abi.world, request), "meet the other ranks");
      return () => {
        check(symbols.MPI_Test(request, out, abi.statusIgnore), "meet the other ranks");
        return out[0] !== 0;
      };
    },
    finalize: () => check(symbols.MPI_Finalize(), "leave MPI"),
  };
}

/**
 * Ends this process at once, from any of its threads, without MPI's farewell: `mpirun` then ends the other ranks. MPI's own
 * abort waits to be killed, and `Deno.exit` ends only a Worker. Found in the C library, on which every MPI library depends.
 */
export function exitAtOnce(path: string, code: number): void {
  Deno.dlopen(path, { _exit: { parameters: ["i32"], result: "void" } }).symbols._exit(code);
}

function open(path: string, handle: "usize" | "i32") {
  return Deno.dlopen(path, {
    MPI_Init_thread: { parameters: ["usize", "usize", "i32", "buffer"], result: "i32" },
    MPI_Comm_rank: { parameters: [handle as "usize", "buffer"], result: "i32" },
    MPI_Comm_size: { parameters: [handle as "usize", "buffer"], result: "i32" },
    MPI_Allreduce: {
      parameters: ["usize", "buffer", "i32", handle as "usize", handle as "usize", handle as "usize"],
      result: "i32",
      nonblocking: true,
    },
    MPI_Ibarrier: { parameters: [handle as "usize", "buffer"], result: "i32" },
    MPI_Test: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
    MPI_Finalize: { parameters: [], result: "i32" },
  }) as unknown as { symbols: Symbols };
}

/** Handles as either ABI has them. */
interface Symbols {
  MPI_Init_thread(argc: bigint, argv: bigint, level: number, granted: Int32Array<ArrayBuffer>): number;
  MPI_Comm_rank(world: Handle, rank: Int32Array<ArrayBuffer>): number;
  MPI_Comm_size(world: Handle, size: Int32Array<ArrayBuffer>): number;
  MPI_Allreduce(
    send: bigint,
    receive: Float32Array<ArrayBuffer>,
    count: number,
    type: Handle,
    operation: Handle,
    world: Handle,
  ): Promise<number>;
  MPI_Ibarrier(world: Handle, request: BigUint64Array<ArrayBuffer>): number;
  MPI_Test(request: BigUint64Array<ArrayBuffer>, done: Int32Array<ArrayBuffer>, status: bigint): number;
  MPI_Finalize(): number;
}

/** Conversions from Fortran's handles, which Open MPI exports as functions. */
type Conversions = Readonly<Record<"comm" | "type" | "operation", (fortran: number) => bigint>>;

/** Of MPICH's ABI, which Intel MPI, MVAPICH2 and Cray MPICH share, these are constants: null. */
function findConversions(path: string): Conversions | null {
  const { MPI_Init_thread, MPI_Comm_f2c: comm, MPI_Type_f2c: type, MPI_Op_f2c: operation } = probe(path);
  if (MPI_Init_thread === null) throw notUsable(path, "it is not an MPI library");
  return comm && type && operation ? { comm, type, operation } : null;
}

/** The symbols by which implementations are told apart; null for those that the library lacks. */
function probe(path: string) {
  const conversion = { parameters: ["i32"], result: "usize", optional: true } as const;
  try {
    return Deno.dlopen(path, {
      MPI_Comm_f2c: conversion,
      MPI_Type_f2c: conversion,
      MPI_Op_f2c: conversion,
      MPI_Init_thread: { parameters: [], result: "void", optional: true },
    }).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw notUsable(path, "it cannot be loaded", error);
  }
}

function notUsable(path: string, reason: string, cause?: unknown): Error {
  return new Error(
    `Cannot use ${path}: ${reason}\nhint: name libmpi.so.40 or libmpich.so.12 with MPI_LIBRARY=/PATH`,
    { cause },
  );
}

/** By the numbers of Fortran's mpif.h. */
function openMpi({ comm, type, operation }: Conversions): Abi {
  return {
    world: comm(0),
    float: type(13),
    sum: operation(3),
    inPlace: 1n,
    statusIgnore: 0n,
  };
}

/** By C's mpi.h. */
const MPICH: Abi = {
  world: 0x44000000,
  float: 0x4c00040a,
  sum: 0x58000003,
  inPlace: 0xffff_ffff_ffff_ffffn,
  statusIgnore: 1n,
};

/** By default MPI ends the world on an error before it returns a code. */
function check(code: number, what: string): void {
  if (code !== 0) throw new Error(`Cannot ${what}: MPI returned ${code}`);
}

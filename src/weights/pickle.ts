/**
 * A reader of Python pickles that can produce plain data only.
 * This module is browser compatible.
 *
 * Where Python imports and calls what a pickle names, this reader asks its host, which knows a few names and refuses
 * all others. It supports the opcodes that protocols 2 to 5 write for plain data, as documented in CPython's
 * `Lib/pickletools.py`; opcodes that create instances of classes are refused by name.
 *
 * @module
 */
import { quote } from "./message.ts";

/** A Python tuple; a list becomes an array, a dict a Map, a set a Set, and an int beyond 2^53 a bigint. */
export class PickleTuple {
  /** Wraps the items. */
  constructor(readonly items: readonly unknown[]) {}
}

/** Decides what a pickle may name. Each method throws for anything it does not know. */
export interface PickleHost {
  /** The stand-in for `module.name`. */
  findGlobal(module: string, name: string): unknown;
  /** The result of calling a stand-in with these arguments. */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** The stand-in for a new instance of a class; a host without it has all refused. */
  create?(type: unknown, args: readonly unknown[]): unknown;
  /** Applies state to an object. */
  setState(object: unknown, state: unknown): void;
  /** The object outside the pickle that a persistent id refers to. */
  findPersistent(identity: unknown): unknown;
}

/** Opcodes that create anything but plain data, or that only protocols 0 and 1 write. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x46, "FLOAT"],
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x50, "PERSID"],
  [0x53, "STRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x67, "GET"],
  [0x69, "INST"],
  [0x6c, "LIST"],
  [0x6f, "OBJ"],
  [0x70, "PUT"],
  // Asked of a host that has create().
  [0x81, "NEWOBJ"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x92, "NEWOBJ_EX"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
]);

/**
 * How many objects a pickle may create, in units of a tuple. A dict without items takes some 250 bytes but one byte of
 * the pickle: this bounds them to some hundred megabytes. A checkpoint has about 20 per tensor.
 */
const MAX_OBJECTS = 2 ** 20;
/** What an empty dict or set takes, in units of a tuple. */
const DICT_COST = 4;

/**
 * Reads one pickle, which must fill `bytes`.
 *
 * Time is bounded by the length of the pickle: an opcode creates at most one object, and none looks into the items of
 * another. Memory is bounded by {@linkcode MAX_OBJECTS} too.
 *
 * @throws {SyntaxError} if the bytes are not a pickle of protocol 2 to 5, are truncated, or use a refused opcode
 * @throws {RangeError} if it creates too many objects
 */
export function readPickle(bytes: Uint8Array, host: PickleHost): unknown {
  return new Machine(bytes, host).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #memo = new Map<number, unknown>();
  readonly #marked: unknown[][] = [];
  #stack: unknown[] = [];
  #at = 0;
  #objects = 0;

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
  }

  run(): unknown {
    if (this.#bytes[0] !== 0x80) throw fault("it does not begin with a protocol version");
    for (;;) {
      const opcode = this.#view.getUint8(this.#take(1));
      if (opcode === 0x2e) break;
      this.#execute(opcode);
    }
    if (this.#at !== this.#bytes.length) throw fault(`${this.#bytes.length - this.#at} bytes follow its end`);
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#marked.length > 0) {
      throw fault("values are left on the stack at its end");
    }
    return value;
  }

  #execute(opcode: number): void {
    switch (opcode) {
      // Frame of the pickle.
      case 0x80: { // PROTO
        const protocol = this.#view.getUint8(this.#take(1));
        if (protocol < 2 || protocol > 5) throw fault(`its protocol ${protocol} is not 2 to 5`);
        return;
      }
      case 0x95: { // FRAME: only a hint for reading ahead
        const length = this.#length64();
        if (length > this.#bytes.length - this.#at) throw fault("it is truncated");
        return;
      }

      // Constants and numbers.
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#view.getUint8(this.#take(1)));
      case 0x4d: // BININT2
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case 0x4a: // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#length8()));
      case 0x8b: // LONG4
        return this.#push(this.#long(this.#length32()));
      case 0x47: // BINFLOAT: the one big-endian value
        return this.#push(this.#view.getFloat64(this.#take(8)));

      // Text and bytes.
      case 0x55: // SHORT_BINSTRING: Python 2's str
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#length8()));
      case 0x54: // BINSTRING
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#length32()));
      case 0x8d: // BINUNICODE8
        return this.#push(this.#text(this.#length64()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(this.#raw(this.#length8()));
      case 0x42: // BINBYTES
        return this.#push(this.#raw(this.#length32()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#push(this.#raw(this.#length64()));

      // Containers.
      case 0x28: // MARK
        this.#count(1);
        this.#marked.push(this.#stack);
        this.#stack = [];
        return;
      case 0x29: // EMPTY_TUPLE
        this.#count(1);
        return this.#push(new PickleTuple([]));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#count(1);
        return this.#push(new PickleTuple(this.#popMany(opcode - 0x84)));
      case 0x74: // TUPLE
        return this.#push(new PickleTuple(this.#popToMark()));
      case 0x5d: // EMPTY_LIST
        this.#count(1);
        return this.#push([]);
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x7d: // EMPTY_DICT
        this.#count(DICT_COST);
        return this.#push(new Map());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x8f: // EMPTY_SET
        this.#count(DICT_COST);
        return this.#push(new Set());
      case 0x90: { // ADDITEMS
        const items = this.#popToMark();
        const set = this.#top();
        if (!(set instanceof Set)) throw fault("it adds items to something that is not a set");
        for (const item of items) set.add(hashable(item));
        return;
      }
      case 0x91: // FROZENSET
        this.#count(DICT_COST);
        return this.#push(new Set(this.#popToMark().map(hashable)));

      // Stack and memo.
      case 0x30: // POP
        // On an empty stack it removes the mark, as in CPython.
        if (this.#stack.length > 0) this.#pop();
        else this.#popToMark();
        return;
      case 0x31: // POP_MARK
        this.#popToMark();
        return;
      case 0x32: // DUP
        return this.#push(this.#top());
      case 0x94: // MEMOIZE
        return this.#memoize(this.#memo.size);
      case 0x71: // BINPUT
        return this.#memoize(this.#view.getUint8(this.#take(1)));
      case 0x72: // LONG_BINPUT
        return this.#memoize(this.#view.getUint32(this.#take(4), true));
      case 0x68: // BINGET
        return this.#recall(this.#view.getUint8(this.#take(1)));
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#view.getUint32(this.#take(4), true));

      // What the host decides.
      case 0x63: { // GLOBAL
        const module = this.#line();
        return this.#push(this.#host.findGlobal(module, this.#line()));
      }
      case 0x93: { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw fault("it names a global by something that is not a string");
        }
        return this.#push(this.#host.findGlobal(module, name));
      }
      case 0x52: { // REDUCE
        const [callee, args] = this.#popMany(2);
        if (!(args instanceof PickleTuple)) throw fault("it calls with arguments that are not a tuple");
        this.#count(DICT_COST);
        return this.#push(this.#host.call(callee, args.items));
      }
      case 0x81: { // NEWOBJ
        if (this.#host.create === undefined) break;
        const [type, args] = this.#popMany(2);
        if (!(args instanceof PickleTuple)) throw fault("it creates with arguments that are not a tuple");
        this.#count(DICT_COST);
        return this.#push(this.#host.create(type, args.items));
      }
      case 0x62: { // BUILD
        const state = this.#pop();
        return this.#host.setState(this.#top(), state);
      }
      case 0x51: // BINPERSID
        return this.#push(this.#host.findPersistent(this.#pop()));
    }
    const refused = REFUSED.get(opcode);
    throw fault(
      refused === undefined
        ? `byte ${this.#at - 1} (0x${opcode.toString(16).padStart(2, "0")}) is not an opcode`
        : `its opcode ${refused} is refused: weights do not need it`,
    );
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw fault("it is truncated");
    this.#at += count;
    return start;
  }

  #length8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #length32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #length64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  #count(objects: number): void {
    this.#objects += objects;
    if (this.#objects > MAX_OBJECTS) {
      throw new RangeError("Cannot read pickle: it creates too many objects, far more than weights need");
    }
  }

  #memoize(index: number): void {
    this.#count(1);
    this.#memo.set(index, this.#top());
  }

  #raw(length: number): Uint8Array {
    this.#count(1);
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #text(length: number): string {
    return decodeText(this.#raw(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw fault("it is truncated");
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  /** A little-endian integer in two's complement of any length. */
  #long(length: number): number | bigint {
    // Decoding n bytes costs O(n^2); no integer of a weights file comes near the limit.
    if (length > 64) throw fault(`it holds an integer of ${length} bytes`);
    const digits = this.#raw(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(digits[index]!);
    value = BigInt.asIntN(8 * length, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw fault("it pops from an empty stack");
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw fault("it pops from an empty stack");
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw fault("it pops from an empty stack");
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): unknown[] {
    const items = this.#stack;
    const below = this.#marked.pop();
    if (below === undefined) throw fault("it pops to a missing mark");
    this.#stack = below;
    return items;
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw fault(`it recalls memo ${index}, which was never stored`);
    this.#push(this.#memo.get(index));
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw fault("it appends to something that is not a list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly unknown[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw fault("it sets items of something that is not a dict");
    if (items.length % 2 !== 0) throw fault("it sets a key without a value");
    for (let index = 0; index < items.length; index += 2) map.set(hashable(items[index]), items[index + 1]);
  }
}

/** A value that Python accepts as a key; the reader's own messages need not look into others. */
function hashable(value: unknown): unknown {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    throw fault(
      `it uses a ${Array.isArray(value) ? "list" : value instanceof Map ? "dict" : "set"} as a key`,
    );
  }
  return value;
}

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return strictText.decode(bytes);
  } catch {
    const start = new TextDecoder().decode(bytes.subarray(0, 40));
    throw fault(`it holds text that is not UTF-8: ${quote(start)}`);
  }
}

function fault(what: string): SyntaxError {
  return new SyntaxError(`Cannot read pickle: ${what}`);
}

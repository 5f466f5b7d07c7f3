/**
 * Reads PyTorch's checkpoints (`.pth`, `.pt`) without running any code.
 * This module is browser compatible.
 *
 * Since version 1.6 `torch.save` writes a zip: `TOP/data.pkl`, a pickle whose tensors refer to their storages by
 * persistent ids, and `TOP/data/KEY`, the raw values of each storage.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { findZipExtent } from "../zip_extent.ts";
import { quote } from "./message.ts";
import { type PickleHost, PickleTuple, readPickle } from "./pickle.ts";
import { TorchStorage, TorchTensor } from "./torch_tensor.ts";
import { beginsAsSafetensors, beginsAsZip, nameNoWeights } from "./signature.ts";
import { withoutWrapperPrefixes } from "./wrapper_prefixes.ts";
import { ZipArchive } from "./zip_reader.ts";

/** Time and memory grow with the pickle, which may be deflated: checkpoints of a thousand tensors have some 200 KB. */
const MAX_PICKLE_BYTES = 4 * 2 ** 20;
/** Deflated zeros and tied or expanded tensors may take more memory than their file: up to this much, or ... */
const MIN_UNPACKED_LIMIT = 256 * 2 ** 20;
/** ... this many times the size of the file, whichever is larger. */
const UNPACKED_RATIO = 16;
/** The keys under which training scripts keep the weights, whatever else they keep with them. */
const STATE_DICT_KEYS = ["model_state_dict", "state_dict", "model", "net"];
/** More tensors than any network has: each costs time and memory, however few bytes of the file it takes. */
const MAX_TENSORS = 2 ** 14;
const SAVE_HINT = 'torch.save(model.state_dict(), "weights.pth") in PyTorch writes a readable file';

/**
 * Reads the weights of a checkpoint that PyTorch 1.6 or later saved: a state dict, or a dict that holds one as
 * `model_state_dict`, `state_dict`, `model` or `net`, with anything else; all tensors are converted to float32.
 *
 * The prefixes `module.`, `_orig_mod.` and `model.` of wrappers are removed from names. Of the globals that a pickle can
 * name, only OrderedDict, the storage types and the functions that rebuild tensors are known, as plain data, and those
 * of NumPy's numbers, settings, paths and dates, which are skipped: any other is refused by name. The CRCs of all entries that are read are checked. Memory is bounded by 16 times the size of the file or
 * 256 MiB, whichever is larger; tensors of one storage may share it.
 *
 * @throws {SyntaxError} if the bytes are no such file, are damaged, or name a refused global
 * @throws {TypeError} if it holds anything but a state dict of floating-point tensors
 * @throws {RangeError} if it unpacks to more than the bound
 */
export async function readTorchCheckpoint(bytes: Uint8Array): Promise<StateDict> {
  // Bytes before or after the zip, as of a transfer or a padded disk, are no part of it.
  const extent = findZipExtent((from, to) => bytes.subarray(from, to), bytes.length);
  if (extent === null || extent.start > 0) checkFormat(bytes, extent !== null);
  const limit = Math.max(MIN_UNPACKED_LIMIT, UNPACKED_RATIO * bytes.length);
  const archive = new ZipArchive(extent === null ? bytes : bytes.subarray(extent.start, extent.end), limit);
  const top = findTop(archive);
  await checkByteOrder(archive, `${top}byteorder`);
  const pickleBytes = archive.byteLength(`${top}data.pkl`);
  if (pickleBytes > MAX_PICKLE_BYTES) {
    throw new RangeError(
      `Cannot read checkpoint: its pickle of ${pickleBytes} bytes exceeds the limit of ${MAX_PICKLE_BYTES}\n` +
        `hint: ${SAVE_HINT}`,
    );
  }
  const root = readPickle(await archive.read(`${top}data.pkl`), new CheckpointHost());
  const stateDict = findStateDict(root);
  const storages = new Map<string, Uint8Array>();
  const readStorage = async (key: string): Promise<Uint8Array> => {
    const known = storages.get(key);
    if (known !== undefined) return known;
    const storage = await archive.read(`${top}data/${key}`);
    storages.set(key, storage);
    return storage;
  };
  return await readTensors(stateDict, readStorage, limit);
}

/** Names what is no checkpoint; a zip within other bytes is only taken for one if these are nothing known. */
function checkFormat(bytes: Uint8Array, hasZip: boolean): void {
  if (beginsAsZip(bytes)) return;
  if (beginsAsSafetensors(bytes)) throw fault("it looks like safetensors", "read it with readSafetensors()");
  // PyTorch before 1.6 wrote a sequence of bare pickles, and at first tar archives.
  const isTar = bytes.length > 262 && String.fromCharCode(...bytes.subarray(257, 262)) === "ustar";
  if (bytes[0] === 0x80 || isTar) {
    throw fault(
      "it is in PyTorch's legacy format, which is not a zip",
      'torch.save(torch.load("old.pth", map_location="cpu"), "new.pth") in PyTorch 1.6 or later converts it',
    );
  }
  const other = nameNoWeights(bytes);
  if (other !== null) throw fault(`it is ${other.what}`, other.hint);
  if (hasZip) return;
  throw fault(`its ${bytes.length} bytes do not begin like a zip`, SAVE_HINT);
}

/** The folder of the pickle, with its slash; PyTorch names it after the file. */
function findTop(archive: ZipArchive): string {
  const pickles = archive.names.filter((name) => name === "data.pkl" || name.endsWith("/data.pkl"));
  if (pickles.length !== 1) {
    throw fault(
      `its zip holds ${pickles.length === 0 ? "no" : pickles.length} data.pkl, expected one`,
      SAVE_HINT,
    );
  }
  return pickles[0]!.slice(0, -"data.pkl".length);
}

async function checkByteOrder(archive: ZipArchive, name: string): Promise<void> {
  // Versions before 2.1 do not write it; nearly all machines that ran them were little-endian.
  if (archive.byteLength(name) < 0) return;
  const order = new TextDecoder().decode(await archive.read(name)).trim();
  if (order !== "little") {
    throw fault(
      `its values are ${quote(order)}-endian, expected little-endian`,
      "load and save it again on a little-endian machine",
    );
  }
}

/** A global that the pickle may use: stands in for one function or type. */
class KnownGlobal {
  constructor(readonly name: string) {}
}

const ORDERED_DICT = "collections.OrderedDict";
const REBUILD_TENSOR: ReadonlySet<string> = new Set([
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
]);
const REBUILD_PARAMETER: ReadonlySet<string> = new Set([
  "torch._utils._rebuild_parameter",
  "torch._utils._rebuild_parameter_with_state",
]);
/** What losses, settings, paths and dates next to the weights are made of; they are skipped, never computed. */
const SKIPPED: ReadonlySet<string> = new Set([
  "numpy.dtype",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "_codecs.encode",
  "torch.Size",
  "torch.device",
  "argparse.Namespace",
  "pathlib.PosixPath",
  "pathlib.WindowsPath",
  "datetime.datetime",
]);
/** All storage types may be named, so that an optimizer's integer step counts do not make a checkpoint unreadable. */
const STORAGE_TYPE = /^torch\.(?:[A-Z][A-Za-z0-9]*)Storage$/;

/** A value that is not read. */
class SkippedValue {}

class CheckpointHost implements PickleHost {
  findGlobal(module: string, name: string): KnownGlobal {
    const path = `${module}.${name}`;
    if (
      path === ORDERED_DICT || REBUILD_TENSOR.has(path) || REBUILD_PARAMETER.has(path) ||
      STORAGE_TYPE.test(path) || SKIPPED.has(path)
    ) {
      return new KnownGlobal(path);
    }
    throw fault(`it names ${quote(path)}, which is neither a tensor nor plain data`, SAVE_HINT);
  }

  call(callee: unknown, args: readonly unknown[]): unknown {
    const name = callee instanceof KnownGlobal ? callee.name : "";
    if (name === ORDERED_DICT && args.length === 0) return new Map();
    if (SKIPPED.has(name)) return new SkippedValue();
    if (REBUILD_TENSOR.has(name)) {
      const [storage, offset, shape, strides] = args;
      if (shape instanceof PickleTuple && strides instanceof PickleTuple && storage instanceof TorchStorage) {
        return new TorchTensor(storage, offset, shape.items, strides.items);
      }
    }
    if (REBUILD_PARAMETER.has(name) && args[0] instanceof TorchTensor) return args[0];
    throw fault(
      `it calls ${name === "" ? "something that is not a function" : quote(name)} with invalid arguments`,
    );
  }

  create(type: unknown, _args: readonly unknown[]): SkippedValue {
    if (type instanceof KnownGlobal && SKIPPED.has(type.name)) return new SkippedValue();
    throw fault("it creates an instance of something that is not plain data", SAVE_HINT);
  }

  setState(object: unknown, _state: unknown): void {
    // state_dict() is an OrderedDict with an attribute _metadata, which only PyTorch's modules need.
    if (!(object instanceof Map || object instanceof SkippedValue)) {
      throw fault("it sets attributes of something that is not an OrderedDict");
    }
  }

  findPersistent(identity: unknown): TorchStorage {
    const [kind, type, key, _device, count] = identity instanceof PickleTuple ? identity.items : [];
    if (
      kind === "storage" && type instanceof KnownGlobal && STORAGE_TYPE.test(type.name) &&
      typeof key === "string" && Number.isSafeInteger(count) && (count as number) >= 0
    ) {
      return new TorchStorage(type.name, key, count as number);
    }
    throw fault("it refers to something that is not a storage");
  }
}

/** The state dict itself, or the one that a training script stored with other data. */
function findStateDict(root: unknown): Map<unknown, unknown> {
  if (root instanceof Map) {
    for (const key of STATE_DICT_KEYS) {
      const found = root.get(key);
      // As in {"model": {"state_dict": ...}}; the pickle may refer to itself, so only one level.
      if (found instanceof Map) return holdsTensors(found) ? found : innerStateDict(found) ?? found;
    }
    if (holdsTensors(root) || root.size === 0) return root;
  }
  const found = root instanceof Map
    ? `a dict of ${[...take(root.keys(), 8)].map(showKey).join(", ")}`
    : root instanceof TorchTensor
    ? "one tensor"
    : "no dict";
  throw new TypeError(
    `Cannot read checkpoint: it holds ${found}, expected a state dict, or one under ` +
      `${STATE_DICT_KEYS.map(quote).join(" or ")}\nhint: ${SAVE_HINT}`,
  );
}

function innerStateDict(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> | undefined {
  for (const key of STATE_DICT_KEYS) {
    const found = map.get(key);
    if (found instanceof Map && holdsTensors(found)) return found;
  }
  return undefined;
}

function holdsTensors(map: ReadonlyMap<unknown, unknown>): boolean {
  for (const value of map.values()) if (value instanceof TorchTensor) return true;
  return false;
}

function* take<T>(values: Iterable<T>, count: number): Generator<T> {
  for (const value of values) {
    if (count-- <= 0) return;
    yield value;
  }
}

function showKey(key: unknown): string {
  return typeof key === "string" ? quote(key) : typeof key === "number" ? String(key) : typeof key;
}

async function readTensors(
  stateDict: ReadonlyMap<unknown, unknown>,
  readStorage: (key: string) => Promise<Uint8Array>,
  limit: number,
): Promise<StateDict> {
  if (stateDict.size > MAX_TENSORS) {
    throw new RangeError(
      `Cannot read checkpoint: its state dict has ${stateDict.size} entries, the limit is ${MAX_TENSORS}`,
    );
  }
  const tensors: StateDict = new Map();
  let byteLength = 0;
  for (const [key, value] of stateDict) {
    if (typeof key !== "string") {
      throw new TypeError("Cannot read checkpoint: a key of its state dict is not a string");
    }
    if (!(value instanceof TorchTensor)) {
      throw new TypeError(`Cannot read checkpoint: ${quote(key)} in its state dict is not a tensor`);
    }
    byteLength += 4 * value.check(key);
    if (byteLength > limit) {
      throw new RangeError(
        `Cannot read checkpoint: its tensors take more than ${limit} bytes, the limit for its size`,
      );
    }
    tensors.set(key, value.read(await readStorage(value.storage.key), key));
  }
  return withoutWrapperPrefixes(tensors);
}

function fault(what: string, hint?: string): SyntaxError {
  return new SyntaxError(`Cannot read checkpoint: ${what}${hint === undefined ? "" : `\nhint: ${hint}`}`);
}

/**
 * PyTorch's checkpoints (`.pth`, `.pt`) to a state dict, without running what they name.
 *
 * Since version 1.6 `torch.save` writes a zip: `TOP/data.pkl`, a pickle whose tensors name their storages by
 * persistent identities, and `TOP/data/KEY`, each storage's bare values.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { quote } from "./message.ts";
import { type PickleHost, PickleTuple, readPickle } from "./pickle.ts";
import { TorchStorage, TorchTensor } from "./torch_tensor.ts";
import { beginsAsZip, ZipArchive } from "./zip_reader.ts";

/** Containers make up to some hundred bytes of one of the pickle's: this bounds them to about a gigabyte. */
const MAX_PICKLE_BYTES = 4 * 2 ** 20;
/** Deflated zeros and tied or expanded tensors may honestly take more room than their file; this much, or ... */
const MIN_UNPACKED_LIMIT = 256 * 2 ** 20;
/** ... this many times the file, whichever is more. */
const UNPACKED_RATIO = 16;
/** What frameworks that wrap a network put before each of its names. */
const WRAPPER_PREFIX = "module.";
/** Where training scripts keep the network's weights among other things. */
const STATE_DICT_KEYS = ["state_dict", "model_state_dict"];
const SAVE_HINT = 'torch.save(model.state_dict(), "weights.pth") in PyTorch makes a file that can be read';

/**
 * Reads the weights of a checkpoint that PyTorch 1.6 or later saved: a state dict, or a dict that holds one as
 * `state_dict` or `model_state_dict`; everything becomes float32.
 *
 * Names lose the `module.` that `DataParallel` puts before each. Of what the pickle may name, only OrderedDict,
 * the storage types and the functions that rebuild tensors are known, and none of them is code: any other is
 * refused by name. The checksums of all that is used are verified. Memory is bounded by 16 times the file's size,
 * and 256 MiB; tensors of one storage may share it.
 *
 * @throws {SyntaxError} where the bytes are no such file, are damaged, or name what is refused
 * @throws {TypeError} where it holds something else than a state dict of floating-point tensors
 * @throws {RangeError} where it unpacks to more than the bound
 */
export function readTorchCheckpoint(bytes: Uint8Array): Promise<StateDict> {
  // The signature promises a Promise so that large files may one day be unpacked beside other work.
  return new Promise((resolve) => resolve(readCheckpoint(bytes)));
}

function readCheckpoint(bytes: Uint8Array): StateDict {
  checkFormat(bytes);
  const limit = Math.max(MIN_UNPACKED_LIMIT, UNPACKED_RATIO * bytes.length);
  const archive = new ZipArchive(bytes, limit);
  const top = findTop(archive);
  checkByteOrder(archive, `${top}byteorder`);
  const pickleBytes = archive.byteLength(`${top}data.pkl`);
  if (pickleBytes > MAX_PICKLE_BYTES) {
    throw new RangeError(
      `Cannot read checkpoint: its pickle of ${pickleBytes} bytes is above the limit of ${MAX_PICKLE_BYTES}\n` +
        `hint: ${SAVE_HINT}`,
    );
  }
  const root = readPickle(archive.read(`${top}data.pkl`), new CheckpointHost());
  const stateDict = findStateDict(root);
  const storages = new Map<string, Uint8Array>();
  const readStorage = (key: string): Uint8Array => {
    const known = storages.get(key);
    if (known !== undefined) return known;
    const storage = archive.read(`${top}data/${key}`);
    storages.set(key, storage);
    return storage;
  };
  return readTensors(stateDict, readStorage, limit);
}

function checkFormat(bytes: Uint8Array): void {
  if (beginsAsZip(bytes)) return;
  if (bytes[8] === 0x7b) throw fault("it looks like safetensors", "read it with readSafetensors()");
  // PyTorch before 1.6 wrote bare pickles one after another; its first forms were tar archives.
  const isTar = bytes.length > 262 && String.fromCharCode(...bytes.subarray(257, 262)) === "ustar";
  if (bytes[0] === 0x80 || isTar) {
    throw fault(
      "it is in PyTorch's legacy format, which is no zip",
      'torch.save(torch.load("old.pth", map_location="cpu"), "new.pth") in PyTorch 1.6 or later makes one that is',
    );
  }
  throw fault(`its ${bytes.length} bytes do not begin as a zip`);
}

/** The folder, with its slash, that holds the pickle; PyTorch names it after the file. */
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

function checkByteOrder(archive: ZipArchive, name: string): void {
  // Versions before 2.1 do not write it, and nearly all of the machines that ran them were little-endian.
  if (archive.byteLength(name) < 0) return;
  const order = new TextDecoder().decode(archive.read(name)).trim();
  if (order !== "little") {
    throw fault(
      `its values are ${quote(order)}-endian, only little-endian ones can be read`,
      "load and save it again on a little-endian machine",
    );
  }
}

/** A name that the pickle may use: the stand-in for one function or type. */
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
/** Storage types may all be named, so that an optimizer's step counts do not make a checkpoint unreadable. */
const STORAGE_TYPE = /^torch\.(?:[A-Z][A-Za-z0-9]*)Storage$/;

class CheckpointHost implements PickleHost {
  findGlobal(module: string, name: string): KnownGlobal {
    const path = `${module}.${name}`;
    if (
      path === ORDERED_DICT || REBUILD_TENSOR.has(path) || REBUILD_PARAMETER.has(path) ||
      STORAGE_TYPE.test(path)
    ) {
      return new KnownGlobal(path);
    }
    throw fault(`it names ${quote(path)}, which is neither a tensor nor a plain value`, SAVE_HINT);
  }

  call(callee: unknown, args: readonly unknown[]): unknown {
    const name = callee instanceof KnownGlobal ? callee.name : "";
    if (name === ORDERED_DICT && args.length === 0) return new Map();
    if (REBUILD_TENSOR.has(name)) {
      const [storage, offset, shape, strides] = args;
      if (shape instanceof PickleTuple && strides instanceof PickleTuple && storage instanceof TorchStorage) {
        return new TorchTensor(storage, offset, shape.items, strides.items);
      }
    }
    if (REBUILD_PARAMETER.has(name) && args[0] instanceof TorchTensor) return args[0];
    throw fault(
      `it calls ${name === "" ? "what is no function" : quote(name)} with arguments that do not fit`,
    );
  }

  setState(object: unknown, _state: unknown): void {
    // state_dict() is an OrderedDict with the attribute _metadata, which only PyTorch's modules need.
    if (!(object instanceof Map)) throw fault("it sets attributes of what is no OrderedDict");
  }

  findPersistent(identity: unknown): TorchStorage {
    const [kind, type, key, _device, count] = identity instanceof PickleTuple ? identity.items : [];
    if (
      kind === "storage" && type instanceof KnownGlobal && STORAGE_TYPE.test(type.name) &&
      typeof key === "string" && Number.isSafeInteger(count) && (count as number) >= 0
    ) {
      return new TorchStorage(type.name, key, count as number);
    }
    throw fault("it refers to what is no storage");
  }
}

/** The state dict itself, or the one that a training script put among other things. */
function findStateDict(root: unknown): Map<unknown, unknown> {
  if (root instanceof Map) {
    if ([...root.values()].some((value) => value instanceof TorchTensor)) return root;
    for (const key of STATE_DICT_KEYS) {
      const found = root.get(key);
      if (found instanceof Map) return found;
    }
    if (root.size === 0) return root;
  }
  const found = root instanceof Map
    ? `a dict of ${[...root.keys()].slice(0, 8).map((key) => quote(String(key))).join(", ")}`
    : root instanceof TorchTensor
    ? "one tensor"
    : "no dict";
  throw new TypeError(
    `Cannot read checkpoint: it holds ${found}, expected a state dict, or one under ` +
      `${STATE_DICT_KEYS.map(quote).join(" or ")}\nhint: ${SAVE_HINT}`,
  );
}

function readTensors(
  stateDict: ReadonlyMap<unknown, unknown>,
  readStorage: (key: string) => Uint8Array,
  limit: number,
): StateDict {
  const keys = [...stateDict.keys()];
  const wrapped = keys.length > 0 &&
    keys.every((key) => typeof key === "string" && key.startsWith(WRAPPER_PREFIX));
  const tensors: StateDict = new Map();
  let byteLength = 0;
  for (const [key, value] of stateDict) {
    if (typeof key !== "string") {
      throw new TypeError("Cannot read checkpoint: a name in its state dict is no text");
    }
    if (!(value instanceof TorchTensor)) {
      throw new TypeError(`Cannot read checkpoint: ${quote(key)} in its state dict is no tensor`);
    }
    byteLength += 4 * value.check(key);
    if (byteLength > limit) {
      throw new RangeError(
        `Cannot read checkpoint: its tensors take more than ${limit} bytes, the limit for its size`,
      );
    }
    const tensor = value.read(readStorage(value.storage.key), key);
    tensors.set(wrapped ? key.slice(WRAPPER_PREFIX.length) : key, tensor);
  }
  return tensors;
}

function fault(what: string, hint?: string): SyntaxError {
  return new SyntaxError(`Cannot read checkpoint: ${what}${hint === undefined ? "" : `\nhint: ${hint}`}`);
}

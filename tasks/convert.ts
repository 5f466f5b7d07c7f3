/**
 * `convert`: converts weights between PyTorch's `.pth` and safetensors.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { readWeights, weightsFormatOf, writeWeights } from "../mod.ts";
import { writeFileAtomic } from "../src/fs/atomic_file.ts";
import { loadSidecar } from "../src/prediction/load_model.ts";
import {
  describeWeights,
  modelMetadata,
  readModel,
  sidecarOf,
  writeSidecar,
} from "../src/unet/model_format.ts";
import { formatBytes, plural } from "../src/cli/format.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { ifFound } from "../src/fs/paths.ts";
import { readWholeFile } from "../src/fs/whole_file.ts";

/** The `convert` command. */
export function command(): Command {
  return createCommand(
    "convert",
    "Converts weights between PyTorch's .pth and .safetensors, as float32. A .pth cannot hold a model's input size and " +
      "normalization: they are in OUT.json next to it, which predict and evaluate read.",
  )
    .argument(
      "<in>",
      "a .safetensors file, or a .pth or .pt of PyTorch 1.6 or later; recognized by content",
    )
    .argument(
      "<out>",
      "the file to write; its extension chooses the format: .safetensors, .pth or .pt",
      weightsPath,
    )
    .option("--json", "print the result as one JSON document")
    .action(runConvert);
}

async function runConvert(input: string, output: string, flags: { json?: true }): Promise<void> {
  if (resolve(input) === resolve(output)) {
    throw new RangeError(`Cannot convert "${input}" onto itself\nhint: choose another name for the result`);
  }
  const source = await readWholeFile(input);
  const { tensors, ...read } = await readWeights(source);
  const format = weightsFormatOf(output);
  const metadata = describeWeights(read.metadata) === null
    ? { ...read.metadata, ...await sidecarMetadata(input, source) }
    : read.metadata;
  const description = describeWeights(metadata);
  const notes = Object.keys(metadata).filter((key) => key !== "format");
  if (format === "torch" && description === null && notes.length > 0) {
    writeStderr(
      `note: a .pth cannot hold the metadata ${notes.join(", ")}; it is left out\n`,
    );
  }
  // Other readers of safetensors expect this entry, which states that names and layouts are PyTorch's.
  const bytes = writeWeights({ format, tensors, metadata: { format: "pt", ...metadata } });
  await writeFileAtomic(output, bytes);
  const sidecar = format === "torch" && description !== null ? sidecarOf(output) : null;
  if (sidecar !== null) await writeFileAtomic(sidecar, writeSidecar(description!, sha256Of(bytes)));
  const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  writeStdout(
    flags.json
      ? `${
        JSON.stringify({
          output,
          format,
          tensors: tensors.size,
          parameters,
          byteLength: bytes.length,
          ...(sidecar === null ? {} : { sidecar }),
        })
      }\n`
      : `${output}: ${plural(tensors.size, "tensor")}, ${plural(parameters, "value")}, ${
        formatBytes(bytes.length)
      }${sidecar === null ? "" : `; its input in ${sidecar}`}\n`,
  );
}

/** The metadata of a model whose description lies next to its weights; none without a sidecar. */
async function sidecarMetadata(path: string, bytes: Uint8Array): Promise<Record<string, string>> {
  if (await ifFound(Deno.stat(sidecarOf(path))) === null) return {};
  const found = await loadSidecar(path, await readModel(bytes), sha256Of(bytes));
  return found === null ? {} : modelMetadata(found.description);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function weightsPath(path: string): string {
  try {
    weightsFormatOf(path);
    return path;
  } catch {
    throw new InvalidArgumentError("expected a name that ends in .safetensors, .pth or .pt.");
  }
}

if (import.meta.main) await main(command());

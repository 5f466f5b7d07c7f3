/**
 * `convert`: converts weights between PyTorch's `.pth` and safetensors.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { resolve } from "node:path";
import { readWeights, weightsFormatOf, writeWeights } from "../mod.ts";
import { writeFileAtomic } from "../src/fs/atomic_file.ts";
import { formatBytes, plural } from "../src/cli/format.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { readWholeFile } from "../src/fs/whole_file.ts";

/** The `convert` command. */
export function command(): Command {
  return createCommand("convert", "Converts weights between PyTorch's .pth and .safetensors, as float32.")
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
  const { tensors, metadata } = await readWeights(await readWholeFile(input));
  const format = weightsFormatOf(output);
  const notes = Object.keys(metadata).filter((key) => key !== "format");
  if (format === "torch" && notes.length > 0) {
    writeStderr(
      `note: a .pth cannot hold the metadata ${notes.join(", ")}; it is left out\n`,
    );
  }
  // Other readers of safetensors expect this entry, which states that names and layouts are PyTorch's.
  const bytes = writeWeights({ format, tensors, metadata: { format: "pt", ...metadata } });
  await writeFileAtomic(output, bytes);
  const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  writeStdout(
    flags.json
      ? `${JSON.stringify({ output, format, tensors: tensors.size, parameters, byteLength: bytes.length })}\n`
      : `${output}: ${plural(tensors.size, "tensor")}, ${plural(parameters, "value")}, ${
        formatBytes(bytes.length)
      }\n`,
  );
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

/**
 * `convert`: converts weights between PyTorch's `.pth` and safetensors, and models to ONNX.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { readWeights, weightsFormatOf, writeWeights } from "../mod.ts";
import { cardPaths, readCard, writeCard } from "../src/card/card_files.ts";
import { subjectOf } from "../src/card/complete_card.ts";
import { convertedCard } from "../src/card/make_card.ts";
import { writeFileAtomic } from "../src/fs/atomic_file.ts";
import { exportOnnx } from "../src/onnx/export_model.ts";
import { OPSET } from "../src/onnx/onnx_file.ts";
import {
  findModelFile,
  INPUT_CHOICES,
  type InputSettings,
  loadModel,
  loadSidecar,
} from "../src/prediction/load_model.ts";
import {
  describeWeights,
  modelMetadata,
  readModel,
  sidecarOf,
  writeSidecar,
} from "../src/unet/model_format.ts";
import { formatBytes, plural } from "../src/format.ts";
import { type SizeFlag, sizeFlag } from "../src/cli/input_size.ts";
import { describeAssumed, sampleRange } from "../src/cli/model.ts";
import { formatSize } from "../src/image/input_frame.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { ifFound } from "../src/fs/paths.ts";
import { readWholeFile } from "../src/fs/whole_file.ts";

/** The `convert` command. */
export function command(): Command {
  return createCommand(
    "convert",
    "Converts weights between PyTorch's .pth and .safetensors, and models to .onnx. A .pth cannot hold a " +
      "model's input size and normalization: they are in OUT.json next to it, which predict and evaluate read. An .onnx " +
      "has normalization and sigmoid or softmax in its graph, and takes RGB images from 0 to 1.",
  )
    .argument(
      "<in>",
      "a .safetensors file, or a .pth or .pt of PyTorch 1.6 or later; recognized by content; for .onnx also a run",
    )
    .argument(
      "<out>",
      "the file to write; its extension chooses the format: .safetensors, .pth, .pt or .onnx",
      outputPath,
    )
    .option("--size <pixels>", "of an .onnx: the input size, where the model's file does not say", sizeFlag)
    .addOption(
      new Option(
        "--normalize <how>",
        "of an .onnx: how images are normalized, where the model's file does not say",
      )
        .choices(INPUT_CHOICES.normalizations),
    )
    .option(
      "--range <low,high>",
      "of an .onnx: the samples of more than 8 bits that become 0 and 1, where the model's file does not say",
      sampleRange,
    )
    .addOption(
      new Option(
        "--precision <type>",
        "of a .safetensors: how weights are stored; f16 halves the file, for pages that load it",
      )
        .choices(PRECISIONS).default("f32"),
    )
    .option("--json", "print the result as one JSON document")
    .action(runConvert);
}

/** How weights are stored. */
const PRECISIONS = ["f32", "f16"] as const;

interface Flags extends Omit<InputSettings, "size" | "height"> {
  readonly size?: SizeFlag;
  readonly json?: true;
  readonly precision: typeof PRECISIONS[number];
}

async function runConvert(input: string, output: string, flags: Flags): Promise<void> {
  if (resolve(input) === resolve(output)) {
    throw new RangeError(`Cannot convert "${input}" onto itself\nhint: choose another name for the result`);
  }
  const half = flags.precision === "f16";
  if (half && (isOnnx(output) || weightsFormatOf(output) === "torch")) {
    throw new RangeError(
      `Cannot write ${JSON.stringify(output)} with --precision f16: only a .safetensors stores float16\n` +
        "hint: leave out --precision, or name a .safetensors",
    );
  }
  if (isOnnx(output)) return await convertToOnnx(input, output, flags);
  for (const name of ["size", "normalize", "range"] as const) {
    if (flags[name] === undefined) continue;
    throw new RangeError(
      `Cannot use --${name} for ${JSON.stringify(output)}: only an .onnx has its input in its graph\n` +
        `hint: write it to a sidecar, ${JSON.stringify(sidecarOf(input))}, or give it to predict`,
    );
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
  const bytes = writeWeights(
    { format, tensors, metadata: { format: "pt", ...metadata } },
    half ? "F16" : "F32",
  );
  await writeFileAtomic(output, bytes);
  await convertCard(input, output, sha256Of(source));
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

/** The card of a converted model says what it was converted from; a model without a card gets none. */
async function convertCard(input: string, output: string, source: string): Promise<void> {
  const card = await readCard(cardPaths(input).json).catch(() => null);
  if (card?.model.sha256 !== source || weightsFormatOf(output) === "torch") return;
  await writeCard(
    cardPaths(output),
    convertedCard(card, await subjectOf(await loadModel(output))),
    new Map(),
  );
}

/** Writes the model of a file as ONNX; what neither file nor flags say of its input is the original's, with a note. */
async function convertToOnnx(
  input: string,
  output: string,
  { json, precision: _, size, ...rest }: Flags,
): Promise<void> {
  const given = { ...rest, ...size };
  const { description, described, state } = await loadModel(await findModelFile({ model: input }), given);
  writeStderr(describeAssumed({ description, described }, given));
  const parts = exportOnnx({ state, description });
  await writeFileAtomic(output, parts);
  const byteLength = parts.reduce((sum, part) => sum + part.length, 0);
  const { size: inputSize, height: inputHeight } = description;
  const result = { output, format: "onnx", opset: OPSET, inputSize, inputHeight, byteLength };
  writeStdout(
    json
      ? `${JSON.stringify(result)}\n`
      : `${output}: ONNX, operator set ${OPSET}, input images [N, 3, H, W] (${
        formatSize(description)
      } px, RGB from 0 to 1), ` +
        `output probabilities, ${formatBytes(byteLength)}\n`,
  );
}

function isOnnx(path: string): boolean {
  return path.toLowerCase().endsWith(".onnx");
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

function outputPath(path: string): string {
  try {
    if (!isOnnx(path)) weightsFormatOf(path);
    return path;
  } catch {
    throw new InvalidArgumentError("expected a name that ends in .safetensors, .pth, .pt or .onnx.");
  }
}

if (import.meta.main) await main(command());

/**
 * How everything was made: commands, versions, kernels, times, data and seeds.
 *
 * @module
 */
import { RUN_FILES } from "../../fs/layout.ts";
import { UNKNOWN_DATA, UNKNOWN_FILE } from "../../training/train_command.ts";
import { evaluateCommand, reportCommand, trainCommand } from "./commands.ts";
import { recordOf, textOf, valueOf } from "./evaluation_record.ts";
import { type Content, type Html, markup, shorten } from "./html.ts";
import { formatBytes, formatSeconds } from "../../format.ts";
import { moment } from "./numbers.ts";
import type { RunRecords } from "./records.ts";

type Fact = readonly [name: string, value: Content];

/** The section. */
export function provenanceSection(records: RunRecords): Html {
  const { evaluations } = records;
  const commands = [
    trainCommand(records),
    ...evaluations.map((evaluation) => evaluateCommand(records, evaluation)),
    reportCommand(records),
  ].filter((command) => command !== null);
  const hidden = [UNKNOWN_DATA, UNKNOWN_FILE].filter((word) =>
    commands.some((command) => command.split(" ").includes(word))
  );
  const note = `They make these records again${
    hidden.length === 0 ? "" : `; ${hidden.join(" and ")} stand for places that no record names`
  }.`;
  return markup`<section id="made"><h2>How it was made</h2>
<h3>Commands</h3><p>${note}</p>
${commands.map((command) => markup`<pre><code>${command}</code></pre>`)}
${factsOf("Training", trainingFacts(records))}
${
    evaluations.map((evaluation) => {
      const { split, model, device, bootstrap, fingerprint, images, findings } = evaluation;
      return factsOf(`Evaluation of ${shorten(split, 80)}`, [
        [
          "model",
          model.file &&
          markup`${shorten(model.file, 200)}${model.epoch !== null && `, epoch ${model.epoch}`}`,
        ],
        ["SHA-256 of the model", hash(model.sha256)],
        ["adapter", shorten(device.adapter, 200)],
        [
          "arithmetic",
          device.kernels && `${device.kernels}${device.flips ? ", mean over mirrored copies" : ""}`,
        ],
        ["images", images !== null && `${images}`],
        ["fingerprint of the data", hash(fingerprint)],
        [
          "bootstrap",
          bootstrap.resamples !== null &&
          `seed ${bootstrap.seed}, ${bootstrap.resamples} resamples, level ${bootstrap.level}`,
        ],
        ["audit", findings !== null && `${findings} findings`],
      ]);
    })
  }</section>`;
}

function trainingFacts({ config, progress, epochs }: RunRecords): Fact[] {
  const versions = recordOf(progress?.versions ?? config?.versions);
  const data = recordOf(progress?.data ?? config?.data);
  const choices = recordOf(progress?.choices ?? config?.kernel_choices);
  const settings = recordOf(progress?.config ?? config);
  const variants = Object.entries(choices).map(([name, variant]) => `${name}: ${variant}`);
  const seconds = epochs.reduce((sum, { metrics }) => sum + (metrics.seconds ?? 0), 0);
  const last = epochs.at(-1);
  const speed = last?.metrics.samples_per_second;
  return [
    ["version", textOf(versions.unet) && `deno-unet ${textOf(versions.unet)}`],
    ["runtime", textOf(versions.deno) && `Deno ${textOf(versions.deno)}, V8 ${textOf(versions.v8)}`],
    ["adapter", shorten(textOf(versions.adapter), 200)],
    ["ranks", progress?.ranks !== undefined && `${progress.ranks}`],
    [
      "kernels",
      settings.kernels !== undefined &&
      `${settings.kernels} arithmetic, ${settings.precision ?? "f32"} storage`,
    ],
    ["kernel variants", variants.length > 0 && shorten(variants.join(", "), 2000)],
    ["planned device memory", formatKnown(valueOf(config?.memory_bytes))],
    ["parameters", valueOf(config?.parameters)?.toLocaleString("en-US")],
    ["started", progress && moment(new Date(progress.startedAt))],
    ["last epoch ended", last && moment(last.time)],
    ["time of all epochs", seconds > 0 && formatSeconds(seconds)],
    ["samples per second", speed !== undefined && Number.isFinite(speed) && speed.toFixed(2)],
    ["dataset", progress?.dataFolder],
    ...(["train", "valid"] as const).map((role): Fact => {
      const { samples, sha256 } = recordOf(data[role]);
      return [`${role} split`, textOf(sha256) && markup`${valueOf(samples)} images, ${hash(textOf(sha256))}`];
    }),
    ["seed", settings.seed !== undefined && `${settings.seed}`],
    ["SHA-256 of the best model", hash(progress?.best?.sha256 ?? "")],
    ["log", last && markup`<code>${RUN_FILES.metrics}</code>`],
  ];
}

function formatKnown(byteLength: number | null): string | null {
  return byteLength === null ? null : formatBytes(byteLength);
}

function hash(sha256: string): Content {
  return /^[0-9a-f]{64}$/.test(sha256) && markup`<code>${sha256}</code>`;
}

function factsOf(title: string, facts: readonly Fact[]): Html | null {
  const known = facts.filter(([, value]) =>
    value !== null && value !== undefined && value !== false && value !== ""
  );
  if (known.length === 0) return null;
  return markup`
    <h3>${title}</h3>
    <div class="scroll">
      <table class="facts" aria-label="${title}">
        <tbody>${
    known.map(([name, value]) =>
      markup`
            <tr>
              <th scope="row">${name}</th>
              <td>${value}</td>
            </tr>
          `
    )
  }</tbody>
      </table>
    </div>
  `;
}

/**
 * Speeds of the network as text.
 *
 * @module
 */
import type { ShapeSpeed } from "./network_speed.ts";
import { milliseconds, ratio, shapeName, speeds, table } from "./report_table.ts";

/** Speeds of one shape, next to those of other frameworks. */
export function renderShape(speed: ShapeSpeed): string {
  const ours = speed.ours.map(({ norm, forward, step }) => [
    ourName(norm),
    milliseconds(forward.seconds),
    speeds(forward.gigaflops),
    "",
    milliseconds(step.seconds),
    speeds(step.gigaflops),
    "",
    `${step.seconds.runs}`,
  ]);
  const peers = speed.peers.map(({ name, forward, step }) => [
    name,
    forward ? milliseconds(forward) : "",
    "",
    forward ? ratio(forward.ratio) : "",
    step ? milliseconds(step) : "",
    "",
    step ? ratio(step.ratio) : "",
    `${(step ?? forward)?.runs ?? 0}`,
  ]);
  const header = [
    "",
    "forward ms",
    "GF",
    "ours / theirs",
    "step ms",
    "GF",
    "ours / theirs",
    "runs",
  ];
  // Empty columns would only widen the table.
  const rows = [...ours, ...peers];
  const kept = header.map((_, column) => column === 0 || rows.some((row) => row[column] !== ""));
  const keep = (row: string[]) => row.filter((_, column) => kept[column]);
  return table(`network: ${shapeName(speed)} (best / median)`, keep(header), rows.map(keep)) +
    speed.missing.map(({ name, reason }) => `  ${name} is missing: ${reason}\n`).join("") +
    `\n${renderCalls(speed)}`;
}

/** Calls that return, as a user makes them: ours of the library, and those of peers that have one. */
function renderCalls(speed: ShapeSpeed): string {
  const ours = speed.ours.map(({ norm, predict, stepCall }) => [
    ourName(norm),
    milliseconds(predict),
    "",
    milliseconds(stepCall),
    "",
    `${predict.runs}`,
  ]);
  const peers = speed.peers.filter(({ predict, stepCall }) => predict || stepCall).map((
    { name, predict, stepCall },
  ) => [
    name,
    predict ? milliseconds(predict) : "",
    predict ? ratio(predict.ratio) : "",
    stepCall ? milliseconds(stepCall) : "",
    stepCall ? ratio(stepCall.ratio) : "",
    `${(predict ?? stepCall)!.runs}`,
  ]);
  const header = ["", "predict ms", "ours / theirs", "step ms", "ours / theirs", "runs"];
  return table(`calls that return: ${shapeName(speed)} (best / median)`, header, [...ours, ...peers]);
}

function ourName(norm: ShapeSpeed["ours"][number]["norm"]): string {
  return `this project, ${norm === "none" ? "no norm" : "instance norm"}`;
}

/**
 * Makes the card of a model.
 * This module is browser compatible.
 *
 * @module
 */
import { isRecord } from "../fs/json_shape.ts";
import { modelClasses } from "../unet/model_classes.ts";
import { parameterTable } from "../unet/parameters.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import {
  CARD_FORMAT,
  type CardModel,
  type CardSplit,
  type DataLicence,
  type ModelCard,
} from "./card_format.ts";

/** A model that gets a card. */
export interface CardSubject {
  /** The name of its file. */
  readonly file: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** What its file says. */
  readonly description: ModelDescription;
}

/** What is known besides the model's file. */
export interface CardFacts {
  /** The command that trained it. */
  readonly command?: string | null;
  /** The kernel variants. */
  readonly kernels?: Readonly<Record<string, unknown>> | undefined;
  /** The splits that it was trained and validated on. */
  readonly data?: Readonly<Record<string, CardSplit>>;
  /** The licences of the data. */
  readonly licences?: readonly DataLicence[];
}

/** The card of a model, without evaluations. */
export function makeCard(subject: CardSubject, facts: CardFacts = {}): ModelCard {
  const { description } = subject;
  const classes = modelClasses(description).map(({ name }) => name).join(", ");
  return {
    format: CARD_FORMAT,
    model: describeFile(subject),
    intendedUse: [
      `research on segmentation of 2D images into: ${classes}`,
      "images of the kind that it was trained on; predict and evaluate say if one looks unlike them",
    ],
    limitations: [
      "not a medical device: not for diagnosis, treatment or any decision about a patient",
      "images of other scanners, contrasts, views, species or ages than those of its training are not covered",
      "a mask without a finding does not mean that there is none",
    ],
    training: {
      command: facts.command ?? null,
      settings: record(description.training),
      versions: record(description.versions),
      kernels: facts.kernels ?? {},
      bestEpoch: { ...record(description.metrics), ...(description.epoch && { epoch: description.epoch }) },
    },
    data: facts.data ?? knownSplits(description),
    evaluations: {},
    licences: { software: "MIT", data: facts.licences ?? [] },
  };
}

/** The card with a licence of its data, in place of one of the same name. */
export function withLicence(card: ModelCard, licence: DataLicence): ModelCard {
  const others = card.licences.data.filter(({ name }) => name !== licence.name);
  return { ...card, licences: { ...card.licences, data: [...others, licence] } };
}

/** The card with the model as its file is now: evaluations of another file are dropped. */
export function renewCard(card: ModelCard, subject: CardSubject): ModelCard {
  const evaluations = Object.entries(card.evaluations).filter(([, { model }]) => model === subject.sha256);
  return { ...card, model: describeFile(subject), evaluations: Object.fromEntries(evaluations) };
}

/** The card of a model that `card`'s was converted to. */
export function convertedCard(card: ModelCard, subject: CardSubject): ModelCard {
  return {
    ...card,
    model: { ...describeFile(subject), convertedFrom: card.model.sha256 },
    evaluations: {},
  };
}

function describeFile({ file, sha256, byteLength, description }: CardSubject): CardModel {
  const { training: _, data: __, versions: ___, metrics: ____, appearance, ...own } = description;
  // The distribution itself is no reading matter.
  const { space: _____, ...judged } = appearance ?? {};
  return {
    file,
    sha256,
    byteLength,
    parameters: parameterTable(description.network).count,
    description: { ...own, ...(appearance && { appearance: judged }) },
  };
}

/** The splits that a model's file knows, without their images. */
function knownSplits({ data }: ModelDescription): Record<string, CardSplit> {
  const splits: Record<string, CardSplit> = {};
  for (const role of ["train", "valid"]) {
    const split = data?.[role];
    if (!isRecord(split) || !Number.isSafeInteger(split.samples) || typeof split.sha256 !== "string") {
      continue;
    }
    splits[role] = { images: split.samples as number, fingerprint: split.sha256, files: [] };
  }
  return splits;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? { ...value } : {};
}

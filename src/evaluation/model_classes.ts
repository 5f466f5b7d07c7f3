/**
 * The classes of a model in the annotations of a split.
 *
 * @module
 */
import { isBackgroundName, showNames } from "../dataset/class_names.ts";
import {
  categoryNames,
  chooseClasses,
  type ClassTable,
  matchClasses,
  plainTable,
} from "../dataset/classes.ts";
import type { Split, SplitListing } from "../dataset/dataset_source.ts";
import { readListing, type SplitReading, type Unannotated } from "../dataset/samples.ts";
import type { TargetForm } from "../dataset/targets.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { headOf } from "../unet/config.ts";
import { modelClasses } from "../unet/model_classes.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import type { MapIndex } from "./map_index.ts";

/** The form of the masks that a model is compared with. */
export function targetsOf({ classes, description: { network } }: ImagePredictor): TargetForm {
  return { classCount: classes, head: headOf(network) };
}

/**
 * Reads a split with the labels of a model's classes: they are matched with its categories by name, and a model of one
 * class without a name takes all categories as its own.
 *
 * @throws {RangeError} if the split has none of them, or another number of categories than a model without names
 */
export async function readForModel(
  predictor: ImagePredictor,
  split: Split,
  listing: SplitListing,
  unannotated: Unannotated,
): Promise<SplitReading> {
  const { description, classes: count } = predictor;
  const classes = classesIn(listing, description, count);
  const overlapping = targetsOf(predictor).head === "sigmoid";
  const reading = await readListing(split, listing, { unannotated, classes, overlapping });
  return { ...reading, notes: [...reading.notes, ...differences(classes, listing)] };
}

/** How stored maps name a model's classes. */
export function mapClasses(description: ModelDescription): Pick<MapIndex, "classes" | "named" | "ignored"> {
  const { classes, ignored = [] } = description;
  return { classes: modelClasses(description), named: classes !== undefined, ignored };
}

/** What the categories and a model's classes do not have in common. */
function differences(table: ClassTable, listing: SplitListing): string[] {
  if (table.isPlain) return [];
  const { listed, outlined } = categoryNames([listing]);
  const shown = new Set(listed.flatMap((name) => table.labelsOf(name)));
  const missing = table.names.filter((_, i) => !shown.has(i + 1));
  const others = outlined.filter((name) => table.labelsOf(name).length === 0 && !isBackgroundName(name));
  return [
    ...(missing.length > 0 ? [`no category is the model's ${showNames(missing)}`] : []),
    ...(others.length > 0 ? [`no classes of the model, so background: ${showNames(others)}`] : []),
  ];
}

/**
 * The labels of a model's classes in a split: see {@linkcode readForModel}.
 *
 * @throws {RangeError} as {@linkcode readForModel}
 */
export function classesIn(
  listing: SplitListing,
  { classes, ignored }: Pick<ModelDescription, "classes" | "ignored">,
  count: number,
): ClassTable {
  const names = categoryNames([listing]);
  if (classes !== undefined) return matchClasses(classes, names, ignored);
  if (count === 1) return plainTable();
  const table = chooseClasses(names);
  if (table.names.length === count) return table;
  throw new RangeError(
    `Cannot tell which of the dataset's categories the ${count} classes of the model are: it names none, and ` +
      `${table.names.length} categories are outlined\nhint: give the model file as training wrote it`,
  );
}

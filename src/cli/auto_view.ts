/**
 * What the recipe `auto` saw and chose, as lines.
 *
 * @module
 */
import { formatPercent, plural } from "../format.ts";
import { formatAugmentation } from "../training/augmentation.ts";
import type { AutoChoice, AutoSetting } from "../training/auto/auto_choice.ts";
import type { DatasetProfile, Spread } from "../training/auto/profile.ts";
import type { TrainConfig } from "../training/train_config.ts";

/** The fingerprint, each choice with its reason, and what overrides them. */
export function describeAuto({ fingerprint, settings }: AutoChoice): string {
  const lines = [
    ...describeProfile(fingerprint).map((
      text,
      at,
    ): [string, string] => [at === 0 ? "fingerprint" : "", text]),
    ...settings.filter(({ setting }) => setting !== "height")
      .map((setting, at): [string, string] => [at === 0 ? "chosen" : "", describeSetting(setting, settings)]),
    ["yours", "each of these flags overrides its choice"],
  ];
  return lines.map(([label, text]) => `${label!.padEnd(13)} ${text}\n`).join("");
}

function describeSetting(
  { setting, value, reason, given }: AutoSetting,
  all: readonly AutoSetting[],
): string {
  const height = all.find((each) => each.setting === "height")?.value;
  const text = setting === "augment"
    ? formatAugmentation(value as TrainConfig["augment"])
    : setting === "budget"
    ? `${value}s`
    : setting === "size" && height !== undefined
    ? `${value}x${height}`
    : `${value}`;
  return `${flagOf(setting)} ${text}: ${given ? `${reason}, not chosen` : reason}`;
}

/** `--batch-size` for `batchSize`. */
function flagOf(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function describeProfile(profile: DatasetProfile): string[] {
  const { images, sizes, channels, bits, intensity, foreground, objects, classes, mirrored, duplicates } =
    profile;
  const different = sizes.different === 1 ? "" : `, ${sizes.different} different sizes`;
  const { train, shared } = duplicates;
  return [
    `${
      plural(images.train, "image")
    } to train on, ${images.annotated} annotated, ${images.looked} looked at; ` +
    `${images.valid} to validate with; ${range(sizes.width)} x ${range(sizes.height)} px${different}`,
    `${channels === 1 ? "gray" : "color"}, ${bits} bits; from image to image, brightness varies by ${
      percent(intensity.brightness)
    } of an image's contrast, and contrast by ${percent(intensity.contrast)}`,
    foreground === null || objects === null
      ? "no foreground in what was looked at"
      : `${plural(classes, "class", "classes")}, ${formatPercent(foreground.median)} foreground; ` +
        `${range(objects.count)} ${objects.count.high === 1 ? "object" : "objects"} per image, ${
          range(objects.diameter)
        } px wide${classes > 1 ? "; those of the class with the smallest" : ","} ${
          percent(objects.smallestClass)
        } of the image's side`,
    ...(mirrored === null ? [] : [
      `mirrored left to right, a structure lies in usual places of its class ${
        percent(mirrored.horizontal)
      } as often, upside down ${percent(mirrored.vertical)}`,
    ]),
    ...(train === 0
      ? []
      : [`${plural(train, "training image repeats", "training images repeat")} another one`]),
    ...(shared === 0 ? [] : [
      `${plural(shared, "validation image repeats", "validation images repeat")} a training image: ` +
      "Dice measures memorization; deno task split keeps such images together",
    ]),
  ];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function range({ low, median, high }: Spread): string {
  const [least, middle, most] = [low, median, high].map((value) => Math.round(value).toLocaleString("en-US"));
  return least === most ? middle! : `${least} to ${most} (median ${middle})`;
}

/**
 * Chooses among the variants of an operation by the class of a shape: the default for the kind of adapter, or the
 * variant that was fastest on this one.
 * This module is browser compatible.
 *
 * @module
 */

/** The kinds of adapter with their own defaults; `software` computes on the CPU. */
export type AdapterKind = "software" | "hardware";

/** The variant for each class of shapes, such as `"conv3x3/thin": "direct"`; plain JSON. */
export type KernelChoices = Readonly<Record<string, string>>;

/**
 * What a device may lack: `subgroups`; subgroups that always hold a workgroup of 8, or always have 8 or 4 invocations; or
 * `workgroup memory` for more than a few values: over OpenGL, the code that clears it takes minutes to compile.
 */
export type Need =
  | "subgroups"
  | "subgroups of 8"
  | "subgroups of exactly 8"
  | "subgroups of 4"
  | "workgroup memory";

/** A variant, apart from the shapes that it serves. */
export interface VariantFacts {
  /** Labels of its kernels: it may be chosen on an adapter where they pass their self-tests. */
  readonly kernels: readonly string[];
  /** What it needs that a device may lack. */
  readonly needs?: Need;
  /** Trusted without a self-test: the plain variants that others are compared with. */
  readonly basic?: true;
}

/** One way to compute an operation. */
export interface Variant<Shape> extends VariantFacts {
  /** Whether it can compute a shape; defaults to every shape. */
  readonly serves?: (shape: Shape) => boolean;
}

/** Shapes for which the same variant is best. */
export interface ShapeClass<Shape, Name extends string> {
  /** Whether a shape belongs here; earlier classes take precedence. */
  readonly takes: (shape: Shape) => boolean;
  /** Candidates on software adapters, the default first; the last basic one serves every shape. */
  readonly software: readonly Name[];
  /** Candidates on hardware adapters, the default first. */
  readonly hardware: readonly Name[];
  /** The shape at which candidates are timed. */
  readonly sample: Shape;
}

/** An operation, whatever the type of its shapes. */
export interface AnyOperation {
  /** Prefix of the names of its classes. */
  readonly name: string;
  /** Every variant by its name. */
  readonly variants: Readonly<Record<string, VariantFacts>>;
  /** Candidates of each class, by the class's full name. */
  readonly classes: ReadonlyMap<string, Readonly<Record<AdapterKind, readonly string[]>>>;
}

/** An operation with its variants and the classes of its shapes. */
export class Operation<Shape, Name extends string> implements AnyOperation {
  /** Prefix of the names of its classes in {@linkcode KernelChoices}. */
  readonly name: string;
  /** Every variant by its name. */
  readonly variants: Readonly<Record<Name, Variant<Shape>>>;
  /** The classes in order, by their full names. */
  readonly classes: ReadonlyMap<string, ShapeClass<Shape, Name>>;

  /** Creates an operation from its table. */
  constructor(
    name: string,
    variants: Readonly<Record<Name, Variant<Shape>>>,
    classes: Readonly<Record<string, ShapeClass<Shape, Name>>>,
  ) {
    this.name = name;
    this.variants = variants;
    this.classes = new Map(Object.entries(classes).map(([label, row]) => [`${name}/${label}`, row]));
  }

  /** The name of a shape's class. */
  classOf(shape: Shape): string {
    return this.#rowOf(shape)[0];
  }

  /**
   * The variant for a shape: the chosen one if it serves the shape; else the next basic candidate for software adapters
   * that does; else the first. Only basic ones are trusted without a self-test.
   */
  choose(choices: KernelChoices, shape: Shape): Name {
    const [label, row] = this.#rowOf(shape);
    const chosen = choices[label];
    const { software } = row;
    const isBasic = (name: Name) => this.variants[name].basic === true;
    const order = chosen !== undefined && this.#knows(chosen)
      ? [chosen, ...[...software.slice(software.indexOf(chosen) + 1), ...software].filter(isBasic)]
      : software;
    const variant = order.find((name) => this.variants[name].serves?.(shape) ?? true);
    if (variant === undefined) throw new Error(`Cannot choose for "${label}": no variant serves its shape`);
    return variant;
  }

  #knows(name: string): name is Name {
    return Object.hasOwn(this.variants, name);
  }

  #rowOf(shape: Shape): [string, ShapeClass<Shape, Name>] {
    for (const entry of this.classes) if (entry[1].takes(shape)) return entry;
    throw new Error(`Cannot choose for "${this.name}": no class takes its shape`);
  }
}

/**
 * A variant for every class of some operations: the given one if it exists and is admitted, else the first default that
 * is. Names of classes or variants that do not exist are ignored.
 */
export function completeChoices(
  operations: readonly AnyOperation[],
  kind: AdapterKind,
  given: KernelChoices = {},
  admits: (variant: VariantFacts, name: string) => boolean = () => true,
): KernelChoices {
  const choices: Record<string, string> = {};
  for (const { variants, classes } of operations) {
    for (const [label, row] of classes) {
      const first = Object.hasOwn(given, label) ? [given[label]!] : [];
      const order = [...first, ...row[kind], ...row.software, ...row.hardware];
      const chosen = order.find((name) => Object.hasOwn(variants, name) && admits(variants[name]!, name));
      if (chosen === undefined) throw new Error(`Cannot choose for "${label}": no variant is admitted`);
      choices[label] = chosen;
    }
  }
  return choices;
}

/**
 * Everything that is wrong with the dataset, as `inspect` reports it. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import { VirtualTable } from "../widgets/virtual_table.ts";
import type { KnownDataset } from "./dataset_source.ts";
import { imageHash } from "./image_page.ts";

/** A row of the table. */
interface Row {
  readonly key: string;
  readonly split: string;
  /** Null for problems that belong to no image. */
  readonly fileName: string | null;
  readonly kind: string;
  readonly message: string;
}

/** The table of problems; add its `element` to the page. */
export function problemsTable(onOpen: (split: string, fileName: string) => void): VirtualTable<Row> {
  return new VirtualTable<Row>({
    label: "Problems",
    key: ({ key }) => key,
    empty: "No problem was found.",
    onOpen: ({ split, fileName }) => fileName !== null && onOpen(split, fileName),
    columns: [
      {
        key: "split",
        title: "Split",
        width: "minmax(70px, 0.6fr)",
        cell: ({ split }) => split,
        sort: ({ split }) => split,
      },
      {
        key: "image",
        title: "Image",
        width: "minmax(130px, 1.4fr)",
        cell: ({ split, fileName }) =>
          fileName === null ? "–" : h("a", { href: imageHash(split, fileName), title: fileName }, fileName),
        sort: ({ fileName }) => fileName,
      },
      {
        key: "kind",
        title: "Kind",
        width: "minmax(120px, 1fr)",
        cell: ({ kind }) => kind,
        sort: ({ kind }) => kind,
      },
      {
        key: "message",
        title: "Problem",
        width: "minmax(260px, 4fr)",
        cell: ({ message }) => h("span", { title: message }, message),
      },
    ],
  });
}

/** The rows of what is known. */
export function problemRows({ summary, items }: KnownDataset): Row[] {
  const rows = [
    ...summary.splits.flatMap(({ name, problems }) =>
      problems.map((problem) => ({ split: name, fileName: null as string | null, ...problem }))
    ),
    ...items.flatMap(({ split, image: { fileName }, problems }) =>
      problems.map(({ kind, message }) => ({ split, fileName: fileName as string | null, kind, message }))
    ),
  ];
  return rows.map((row, index) => ({ ...row, key: `${index}` }));
}

// Cells of the notebook, where the host lets a widget reach them: JupyterLab and Notebook 7
// do, by their manager of widgets; other hosts have nothing of the kind.

import type { Callback } from "./channel";
import type { InsertCell } from "./wire";

const WIDGET_MIME = "application/vnd.jupyter.widget-view+json";

interface Cell {
  sharedModel: { source: string };
  outputs?: { toJSON(): { data?: Record<string, unknown> }[] };
}

interface Notebook {
  cells: { length: number; get(index: number): Cell };
  sharedModel: { insertCell(index: number, cell: object): unknown };
}

interface Inserting {
  get(name: "own_id"): string;
  on(event: string, callback: Callback): void;
  off(event: string, callback: Callback): void;
}

/** Insert the cells that the kernel sends, of clips that were made in a view. */
export function insertCells(
  model: Inserting,
  manager: unknown,
  signal: AbortSignal,
): void {
  const insert = (event: InsertCell) => {
    if (event?.type === "insert_cell")
      insertBelow(manager, model.get("own_id"), event.source, event.data);
  };
  model.on("msg:custom", insert);
  signal.addEventListener("abort", () => model.off("msg:custom", insert));
}

// Ours, by what they say: another goes below them, and two views insert one.
const inserted = new Set<string>();

/**
 * Insert a code cell below the one that shows a widget, and below those of before.
 *
 * @param id Of the widget's model.
 * @param data Of its output, by mime type.
 * @returns Whether the host let us.
 */
export function insertBelow(
  manager: unknown,
  id: string,
  source: string,
  data?: Record<string, string>,
): boolean {
  const notebook = notebookOf(manager);
  if (!notebook) return false;
  const { cells } = notebook;
  let index = 0;
  while (index < cells.length && !shows(cells.get(index), id)) index++;
  if (index === cells.length) return false;
  const said = () => cells.get(index).sharedModel.source;
  for (index++; index < cells.length && inserted.has(said()); index++)
    if (said() === source) return true;
  inserted.add(source);
  const output = { output_type: "display_data", data, metadata: {} };
  notebook.sharedModel.insertCell(index, {
    cell_type: "code",
    source,
    metadata: { trusted: true },
    outputs: data ? [output] : [],
  });
  return true;
}

/** Whether this host has cells to be reached. */
export function hasCells(manager: unknown): boolean {
  return notebookOf(manager) !== undefined;
}

function notebookOf(manager: unknown): Notebook | undefined {
  const host = manager as { context?: { model?: Partial<Notebook> } } | undefined;
  const model = host?.context?.model;
  return model?.cells && model.sharedModel ? (model as Notebook) : undefined;
}

function shows(cell: Cell, id: string): boolean {
  return (cell.outputs?.toJSON() ?? []).some((output) => {
    const view = output.data?.[WIDGET_MIME] as { model_id?: string } | undefined;
    return view?.model_id === id;
  });
}

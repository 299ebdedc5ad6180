import { expect, test } from "vitest";
import { hasCells, insertBelow } from "../src/cells";

const MIME = "application/vnd.jupyter.widget-view+json";

/** A notebook as JupyterLab's manager of widgets has it; the first cell shows a widget. */
function notebook(id: string) {
  const outputs = [{ data: { [MIME]: { model_id: id } } }];
  const made = (source: string, shown: object[] = []) => ({
    sharedModel: { source },
    outputs: { toJSON: () => shown },
  });
  const list = [made("%agent a ball", outputs), made("the last")];
  const cells = {
    get length() {
      return list.length;
    },
    get: (index: number) => list[index],
  };
  const sharedModel = {
    insertCell: (index: number, cell: { source: string; outputs: object[] }) =>
      list.splice(index, 0, made(cell.source, cell.outputs)),
  };
  const sources = () => list.map((cell) => cell.sharedModel.source);
  return { manager: { context: { model: { cells, sharedModel } } }, sources, list };
}

test("cells go below the widget's own, each below the one before", () => {
  const { manager, sources } = notebook("w1");
  expect(insertBelow(manager, "w1", "%agent slower")).toBe(true);
  expect(insertBelow(manager, "w1", "%agent at night")).toBe(true);
  expect(sources()).toEqual([
    "%agent a ball",
    "%agent slower",
    "%agent at night",
    "the last",
  ]);
});

test("two views that hear of one clip insert one cell, with its output", () => {
  const { manager, list } = notebook("w2");
  const data = { "text/plain": "c2: a ball" };
  for (const _view of [1, 2]) insertBelow(manager, "w2", "%agent faster", data);
  expect(list.length).toBe(3);
  expect(list[1]?.outputs.toJSON()).toEqual([
    { output_type: "display_data", data, metadata: {} },
  ]);
});

test("a host without cells, or a widget in no cell, is left alone", () => {
  const { manager, sources } = notebook("w3");
  expect(hasCells({})).toBe(false);
  expect(hasCells(manager)).toBe(true);
  expect(insertBelow({}, "w3", "x")).toBe(false);
  expect(insertBelow(manager, "another", "x")).toBe(false);
  expect(sources().length).toBe(2);
});

import { expect, test } from "vitest";
import { h, keyButton } from "../src/dom";

const KEEPS = "data-lm-suppress-shortcuts";

test("whatever can have the focus keeps its keys from the notebook", () => {
  const controls = [
    keyButton("Play", "Space", "play"),
    h("input", { type: "range" }),
    h("select"),
    h("textarea"),
    h("article", { tabindex: -1 }),
  ];
  for (const control of controls) expect(control.getAttribute(KEEPS)).toBe("true");
  expect(h("p").hasAttribute(KEEPS)).toBe(false);
});

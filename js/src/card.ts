// What can be done with the clips of a turn, below them: favourite, tags, undo, delete.

import { h, icon } from "./dom";
import type { Store } from "./store";
import type { MarkView, TakeView, TurnView } from "./wire";

const STAR = "M8 1.6l2 4.2 4.6.6-3.4 3.2.9 4.6L8 12l-4.1 2.2.9-4.6L1.4 6.4 6 5.8z";
const BIN = "M6 2h4l1 1h3v1.5H2V3h3zM3.5 5.5h9l-.7 8.5H4.2z";
const UNDO = "M6 3v2.5h3.5a4 4 0 0 1 0 8H5V12h4.5a2.5 2.5 0 0 0 0-5H6v2.5L2.2 6.2z";

export interface ClipHooks {
  /** Say what the user thinks of a clip. */
  mark: (mark: MarkView) => void;
  remove: (names: string[]) => void;
  /** Take the newest turn that made clips back. */
  undo: () => void;
  /** Whether a clip is about to be deleted. */
  isLeaving: (name: string) => boolean;
}

export class CardBar {
  readonly el = h("div", { class: "nba-card-bar" });
  #store: Store;
  #hooks: ClipHooks;

  constructor(store: Store, hooks: ClipHooks) {
    this.#store = store;
    this.#hooks = hooks;
  }

  update(turn: TurnView, isNewest: boolean): void {
    const takes = turn.takes.filter(({ state }) => state === "done");
    const isBare = turn.takes.length === 0 && !turn.answer && !turn.error;
    const isGone = turn.state === "done" && isBare;
    const shown = JSON.stringify([
      isNewest,
      isGone,
      takes.map(({ name }) => [this.#store.mark(name), this.#hooks.isLeaving(name)]),
    ]);
    if (this.el.dataset.shown === shown) return;
    this.el.dataset.shown = shown;
    this.el.hidden = takes.length === 0 && !isGone;
    if (isGone) {
      this.el.replaceChildren(
        h("p", { class: "nba-wait" }, "What it made is deleted."),
      );
      return;
    }
    const rows = takes.map((take) => this.#row(take, takes.length > 1));
    if (isNewest && rows[0]) {
      const undo = iconButton("Undo the last turn", UNDO);
      undo.addEventListener("click", () => this.#hooks.undo());
      rows[0].append(undo);
    }
    const typed = [...this.el.querySelectorAll("input")];
    const isTyping = typed.find((field) => field === document.activeElement);
    this.el.replaceChildren(...rows);
    // A mark that arrives while a tag is written does not take the words away.
    for (const field of this.el.querySelectorAll("input")) {
      const before = typed.find(({ ariaLabel }) => ariaLabel === field.ariaLabel);
      if (before) field.value = before.value;
      if (before && before === isTyping) field.focus();
    }
  }

  #row({ name }: TakeView, isNamed: boolean): HTMLElement {
    const remove = iconButton(`Delete ${name}`, BIN);
    remove.addEventListener("click", () => this.#hooks.remove([name]));
    const row = h("div", { class: "nba-marks" });
    if (isNamed) row.append(h("span", { class: "nba-name" }, name));
    const mark = this.#store.mark(name);
    row.append(
      starButton(mark, this.#hooks.mark),
      tags(mark, this.#hooks.mark),
      remove,
    );
    row.classList.toggle("nba-leaving", this.#hooks.isLeaving(name));
    return row;
  }
}

export function starButton(
  mark: MarkView,
  tell: (mark: MarkView) => void,
): HTMLButtonElement {
  const button = iconButton(`Favourite: ${mark.name}`, STAR);
  button.classList.add("nba-star");
  button.setAttribute("aria-pressed", String(mark.favourite));
  button.addEventListener("click", () => tell({ ...mark, favourite: !mark.favourite }));
  return button;
}

/** The tags of a clip, each of which a click takes away, and a field for another. */
function tags(mark: MarkView, tell: (mark: MarkView) => void): HTMLElement {
  const field = h("input", {
    type: "text",
    class: "nba-tag-field",
    placeholder: "+ tag",
    "aria-label": `Add a tag to ${mark.name}`,
    maxlength: 40,
  });
  field.addEventListener("keydown", (event) => {
    const tag = field.value.trim().replace(/^#/, "");
    if (event.key !== "Enter" || !tag) return;
    field.value = "";
    tell({ ...mark, tags: [...mark.tags.filter((one) => one !== tag), tag] });
  });
  const chips = mark.tags.map((tag) => {
    const chip = h("button", { type: "button", class: "nba-tag" }, `#${tag}`);
    chip.setAttribute("aria-label", `Remove the tag ${tag} from ${mark.name}`);
    chip.title = "Remove this tag";
    chip.addEventListener("click", () =>
      tell({ ...mark, tags: mark.tags.filter((one) => one !== tag) }),
    );
    return chip;
  });
  return h("span", { class: "nba-tags" }, ...chips, field);
}

export function iconButton(label: string, path: string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "nba-button" }, icon(path));
  button.setAttribute("aria-label", label);
  button.title = label;
  return button;
}

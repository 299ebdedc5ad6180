// Candidates for what is being typed: `@names` of clips and variables, and options.

import { h, jpegUrl } from "./dom";

let lists = 0;

export class Suggestions {
  readonly el: HTMLElement;
  #box: HTMLTextAreaElement;
  #start = 0;
  #chosen = 0;

  constructor(box: HTMLTextAreaElement, onTaken: () => void) {
    this.#box = box;
    const id = `nba-suggest-${++lists}`;
    this.el = h("div", { class: "nba-suggest", role: "listbox", id, hidden: true });
    this.el.setAttribute("aria-label", "Suggestions");
    box.setAttribute("aria-controls", id);
    box.setAttribute("aria-autocomplete", "list");
    // Not a click: that comes after the box has lost its focus.
    this.el.addEventListener("pointerdown", (event) => {
      const option = (event.target as HTMLElement).closest("[role=option]");
      if (!option) return;
      event.preventDefault();
      this.#chosen = [...this.el.children].indexOf(option);
      this.#take();
      onTaken();
    });
  }

  get isOpen(): boolean {
    return !this.el.hidden;
  }

  /** Show candidates, each with its picture if it has one. */
  show(start: number, words: string[], pictures: (DataView | undefined)[] = []): void {
    const typed = this.#box.value.slice(start, this.#box.selectionStart);
    const isDone = words.length === 0 || (words.length === 1 && words[0] === typed);
    this.el.hidden = isDone;
    this.#start = start;
    this.#chosen = 0;
    for (const image of this.el.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.el.replaceChildren(
      ...words.map((word, at) => {
        const option = h("div", { role: "option", id: `${this.el.id}-${at}` }, word);
        const picture = pictures[at];
        if (picture) option.prepend(h("img", { src: jpegUrl(picture), alt: "" }));
        return option;
      }),
    );
    this.#mark();
  }

  close(): void {
    this.el.hidden = true;
    this.#mark();
  }

  /** Use a key, if it is one of an open list. */
  press(key: string): boolean {
    if (!this.isOpen) return false;
    const count = this.el.childElementCount;
    if (key === "ArrowDown") this.#chosen = (this.#chosen + 1) % count;
    else if (key === "ArrowUp") this.#chosen = (this.#chosen + count - 1) % count;
    else if (key === "Enter" || key === "Tab") this.#take();
    else if (key === "Escape") this.close();
    else return false;
    this.#mark();
    return true;
  }

  #take(): void {
    const word = this.el.children[this.#chosen]?.textContent ?? "";
    const end = this.#box.selectionStart;
    this.#box.setRangeText(`${word} `, this.#start, end, "end");
    this.close();
  }

  #mark(): void {
    [...this.el.children].forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === this.#chosen));
      if (at === this.#chosen) option.scrollIntoView?.({ block: "nearest" });
    });
    if (this.isOpen) {
      const active = `${this.el.id}-${this.#chosen}`;
      this.#box.setAttribute("aria-activedescendant", active);
    } else this.#box.removeAttribute("aria-activedescendant");
  }
}

// Clips that are about to be deleted. They leave the page at once, and their files after
// a few seconds: until then it is undone by a click, and a page that closes deletes none.

import { act } from "./act";
import { h, setText } from "./dom";
import type { PanelChannel } from "./store";

/** So long it can be undone. */
export const UNDO_MS = 8000;

export class Bin {
  readonly el = h("div", { class: "nba-ask", role: "status", hidden: true });
  #channel: PanelChannel;
  #say: (text: string) => void;
  #onChange: () => void;
  #names: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #text = h("span");

  constructor(
    channel: PanelChannel,
    say: (text: string) => void,
    onChange: () => void,
    signal: AbortSignal,
  ) {
    this.#channel = channel;
    this.#say = say;
    this.#onChange = onChange;
    const undo = h("button", { type: "button", class: "nba-pill" }, "Undo");
    undo.addEventListener("click", () => this.#show([]));
    this.el.append(this.#text, undo);
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Delete clips, together with those that wait for it. */
  put(names: string[]): void {
    this.#show([...new Set([...this.#names, ...names])]);
  }

  #show(names: string[]): void {
    this.#names = names;
    clearTimeout(this.#timer);
    this.el.hidden = names.length === 0;
    if (names.length > 0) {
      setText(this.#text, `${listed(names)} will be deleted, files and all.`);
      this.#timer = setTimeout(() => void this.#empty(), UNDO_MS);
    }
    this.#onChange();
  }

  async #empty(): Promise<void> {
    const names = this.#names;
    this.el.hidden = true;
    await act(this.#channel, { type: "delete", names }, this.#say);
    this.#names = this.#names.filter((name) => !names.includes(name));
    this.#onChange();
  }
}

function listed(names: string[]): string {
  const [first = "", ...rest] = names;
  return rest.length > 2 ? `${names.length} clips` : [first, ...rest].join(", ");
}

// The main words of a card: what changed, or else what was asked.

import { h } from "./dom";
import { heading } from "./text";
import type { TakeView } from "./wire";

export class Heading {
  readonly el = h("p", { class: "nba-request" });
  #shown = "";

  /** `turn` is what the turn said, which a panel shows above the card. */
  show(take: TakeView | undefined, request: string, turn: string): void {
    const said = heading(take, request);
    const shown = JSON.stringify([said, turn]);
    if (this.#shown === shown) return;
    this.#shown = shown;
    this.el.title = request;
    this.el.classList.toggle(
      "nba-repeats",
      said.every(({ text }) => text === turn),
    );
    const parts = said.map(({ text, isGone }) => h(isGone ? "del" : "span", {}, text));
    this.el.replaceChildren(
      ...parts.flatMap((part, at) => (at ? [" ", part] : [part])),
    );
  }
}

// One turn in the thread: what was said, and what came of it.

import { h, setText } from "./dom";
import type { Store } from "./store";
import { PlayerView } from "./view";
import type { TurnView } from "./wire";

export class TurnRow {
  readonly el: HTMLElement;
  turn: TurnView;
  #store: Store;
  #words = h("p", { class: "nba-words" });
  #from = h("p", { class: "nba-from" });
  #wait = h("p", { class: "nba-wait" }, "reading your words");
  #note = h("p", { class: "nba-note" });
  #stage = h("div", { class: "nba-place" });
  #answer = h("p", { class: "nba-answer" });
  #error = h("p", { class: "nba-error" });
  #player: { view: PlayerView; end: AbortController } | undefined;

  constructor(store: Store, turn: TurnView) {
    this.#store = store;
    this.turn = turn;
    this.el = h(
      "article",
      { class: "nba-turn" },
      h("div", { class: "nba-said" }, this.#from, this.#words),
      this.#wait,
      this.#note,
      this.#stage,
      this.#answer,
      this.#error,
    );
    this.update(turn);
  }

  update(turn: TurnView): void {
    this.turn = turn;
    this.el.setAttribute("aria-label", `Turn: ${turn.words}`);
    setText(this.#words, turn.words);
    const from = [turn.origin === "cell" ? "cell" : "", turn.options];
    setText(this.#from, from.filter(Boolean).join(" · "));
    this.#wait.hidden = turn.state !== "thinking";
    setText(this.#answer, turn.answer);
    const hasTakes = turn.takes.length > 0;
    // A player says itself why a take failed, and shows the note.
    setText(this.#error, hasTakes ? "" : turn.error);
    setText(this.#note, hasTakes ? "" : turn.note);
    this.#stage.hidden = !hasTakes;
  }

  /** Have the player only while it is near: it holds the clip's bytes and a decoder. */
  near(isNear: boolean): void {
    if (!isNear) this.#unmount();
    else if (!this.#player && this.turn.takes.length > 0) this.#mount();
  }

  remove(): void {
    this.#unmount();
    this.el.remove();
  }

  #mount(): void {
    const end = new AbortController();
    const view = new PlayerView(this.#store.model(this.turn.id), end.signal);
    view.el.classList.remove("nba-live"); // that is for the outputs of a cell
    this.#player = { view, end };
    this.#stage.replaceChildren(view.el);
    this.#stage.style.minHeight = "";
  }

  #unmount(): void {
    if (!this.#player) return;
    // The place keeps its height, or what is being read would jump.
    this.#stage.style.minHeight = `${this.#stage.offsetHeight}px`;
    this.#player.end.abort();
    this.#player = undefined;
    this.#stage.replaceChildren();
  }
}

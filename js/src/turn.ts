// One turn in the thread: what was said, and what came of it.

import { h, setText } from "./dom";
import { harmless } from "./markup";
import type { Store } from "./store";
import { PlayerView } from "./view";
import type { ReadingView, TurnView } from "./wire";

/** What can be done with a turn that was said. */
export interface TurnHooks {
  /** Take its words into the box: to change a turn of the panel, or to say it again. */
  edit: (turn: TurnView) => void;
  /** Say what an unclear turn meant. */
  choose: (turn: TurnView, reading: string) => void;
}

export class TurnRow {
  readonly el: HTMLElement;
  turn: TurnView;
  #store: Store;
  #hooks: TurnHooks;
  #edit = h("button", { type: "button", class: "nba-edit" });
  #readings = h("div", { class: "nba-readings" });
  #words = h("p", { class: "nba-words" });
  #from = h("p", { class: "nba-from" });
  #wait = h("p", { class: "nba-wait" }, "reading your words");
  #note = h("p", { class: "nba-note" });
  #stage = h("div", { class: "nba-place" });
  #answer = h("div", { class: "nba-answer" });
  #error = h("p", { class: "nba-error" });
  #html = "";
  #player: { view: PlayerView; end: AbortController } | undefined;

  constructor(store: Store, turn: TurnView, hooks: TurnHooks) {
    this.#store = store;
    this.#hooks = hooks;
    this.#edit.addEventListener("click", () => hooks.edit(this.turn));
    this.turn = turn;
    this.el = h(
      "article",
      { class: "nba-turn", tabindex: -1 },
      h(
        "div",
        { class: "nba-asked" },
        this.#edit,
        h("div", { class: "nba-said" }, this.#from, this.#words),
      ),
      this.#wait,
      this.#note,
      this.#stage,
      this.#answer,
      this.#readings,
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
    this.#wait.hidden = turn.state !== "thinking" || turn.answer !== "";
    setText(this.#edit, turn.origin === "panel" ? "Edit" : "Use again");
    this.#showAnswer(turn);
    this.#showReadings(turn);
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

  #showAnswer(turn: TurnView): void {
    const html = turn.answer_html;
    this.#answer.classList.toggle("nba-markup", html !== "");
    if (!html) setText(this.#answer, questionOf(turn));
    else if (html !== this.#html) this.#answer.replaceChildren(harmless(html));
    this.#html = html;
  }

  #showReadings(turn: TurnView): void {
    const shown = turn.readings.map(({ intent }) => intent).join();
    if (this.#readings.dataset.shown === shown) return;
    this.#readings.dataset.shown = shown;
    this.#readings.replaceChildren(
      ...turn.readings.map((reading) => {
        const button = readingButton(reading);
        button.addEventListener("click", () =>
          this.#hooks.choose(this.turn, reading.intent),
        );
        return button;
      }),
    );
  }

  #mount(): void {
    const end = new AbortController();
    const view = new PlayerView(this.#store.turnModel(this.turn.id), end.signal);
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

/** The question without what the buttons below it say. */
function questionOf({ answer, readings }: TurnView): string {
  if (readings.length === 0) return answer;
  const question = answer.split("\n")[0] ?? "";
  return readings.some(({ picture }) => picture) ? question : `${question} …`;
}

function readingButton({ label, picture }: ReadingView): HTMLButtonElement {
  if (!picture) return h("button", { type: "button", class: "nba-pill" }, label);
  const image = h("img", { src: picture, alt: "", width: 48, height: 48 });
  return h("button", { type: "button", class: "nba-actor" }, image, label);
}

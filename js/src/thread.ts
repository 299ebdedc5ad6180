// The thread: all turns in order, of which only those near the screen are laid out and
// have a player. It follows the newest turn while that is what is being looked at.

import { CardBar, type ClipHooks } from "./card";
import { h, setText } from "./dom";
import type { Store } from "./store";
import { type TurnHooks, TurnRow } from "./turn";
import type { TurnView } from "./wire";

const NEAR = "600px";
const AT_END_PX = 60;

export class Thread {
  readonly el: HTMLElement;
  #store: Store;
  #hooks: TurnHooks & ClipHooks;
  #bars = new Map<number, CardBar>();
  #newest: number | undefined;
  #rows = new Map<number, TurnRow>();
  #list = h("div", { class: "nba-list", role: "log", "aria-label": "Conversation" });
  #waiting = h("div", { class: "nba-list" });
  #down = h("button", { type: "button", class: "nba-down" }, "Newest ↓");
  #scroll: HTMLElement;
  #follows = true;
  #last = 0;
  #said = h("div", { class: "nba-hidden", "aria-live": "polite" });
  #near: IntersectionObserver;

  constructor(
    store: Store,
    hooks: TurnHooks & ClipHooks,
    empty: HTMLElement,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#hooks = hooks;
    // The rows speak for themselves: read aloud whole, the log would never be silent.
    this.#list.setAttribute("aria-live", "off");
    this.#scroll = h(
      "div",
      { class: "nba-scroll", role: "group", tabindex: 0, "aria-label": "Conversation" },
      empty,
      this.#list,
      this.#waiting,
    );
    this.el = h("div", { class: "nba-thread" }, this.#scroll, this.#down, this.#said);
    this.#down.hidden = true;
    this.#down.addEventListener("click", () => this.follow());
    this.#scroll.addEventListener("scroll", () => this.#look(), { passive: true });
    this.#near = new IntersectionObserver((seen) => this.#onNear(seen), {
      root: this.#scroll,
      rootMargin: NEAR,
    });
    const size = new ResizeObserver(() => {
      if (this.#follows) this.#toEnd();
    });
    size.observe(this.#list);
    size.observe(this.#waiting);
    size.observe(this.#scroll);
    const end = store.listen((change) => {
      if ("gone" in change) this.#remove(change.gone);
      else if ("turn" in change) this.#put(change.turn);
      else if ("marks" in change) this.updateCards();
    });
    signal.addEventListener("abort", () => {
      end();
      size.disconnect();
      this.#near.disconnect();
      for (const row of this.#rows.values()) row.remove();
    });
    for (const turn of store.turns) this.#put(turn);
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0 && this.#waiting.childElementCount === 0;
  }

  /** Words that the kernel has not confirmed yet, newest last. */
  get unconfirmed(): string[] {
    const words = this.#waiting.querySelectorAll(".nba-words");
    return [...words].map((el) => el.textContent ?? "");
  }

  /** Go to the newest turn, and stay there. */
  follow(): void {
    this.#follows = true;
    this.#toEnd();
    this.#look();
  }

  /** Bring a turn to the screen. */
  show(id: number): void {
    const row = this.#rows.get(id);
    this.#follows = false;
    row?.el.scrollIntoView({ block: "start" });
    row?.el.focus({ preventScroll: true });
  }

  /** Show words that the kernel has not confirmed yet; the result takes them away. */
  wait(words: string): { say: (text: string) => void; end: () => void } {
    const text = h("p", { class: "nba-wait" }, "sending");
    const row = h(
      "article",
      { class: "nba-turn" },
      h("div", { class: "nba-said" }, h("p", { class: "nba-words" }, words)),
      text,
    );
    this.#waiting.append(row);
    this.follow();
    return { say: (line) => setText(text, line), end: () => row.remove() };
  }

  /** Show what can be done with the clips of every turn, and is about to be. */
  updateCards(): void {
    this.#newest = this.#store.newest?.id;
    for (const id of this.#bars.keys()) this.#updateCard(id);
  }

  #updateCard(id: number): void {
    const turn = this.#store.get(id);
    if (turn) this.#bars.get(id)?.update(turn, id === this.#newest);
  }

  // Only the turn itself and, when another one is the newest, the one that was: a step
  // of a render must not cost a look at every turn.
  #followNewest(turn: TurnView): void {
    const before = this.#newest;
    this.#newest = this.#store.newest?.id;
    if (before !== undefined && before !== this.#newest) this.#updateCard(before);
    this.#updateCard(turn.id);
  }

  #put(turn: TurnView): void {
    const known = this.#rows.get(turn.id);
    if (known) {
      this.#announce(known.turn, turn);
      const hadTakes = known.turn.takes.length > 0;
      known.update(turn);
      known.el.classList.toggle("nba-many", turn.takes.length > 1);
      if (!hadTakes && turn.takes.length > 0) this.#watch(known);
      this.#followNewest(turn);
      return;
    }
    const row = new TurnRow(this.#store, turn, this.#hooks);
    this.#rows.set(turn.id, row);
    const bar = new CardBar(this.#store, this.#hooks);
    this.#bars.set(turn.id, bar);
    row.el.append(bar.el);
    row.el.classList.toggle("nba-many", turn.takes.length > 1);
    row.el.dataset.place = String(turn.place);
    row.el.dataset.turn = String(turn.id);
    // Almost always the last; a cell that was run again stands where it stood.
    let before = this.#list.lastElementChild as HTMLElement | null;
    while (before && Number(before.dataset.place) > turn.place) {
      before = before.previousElementSibling as HTMLElement | null;
    }
    if (before) before.after(row.el);
    else this.#list.prepend(row.el);
    this.#watch(row);
    this.#followNewest(turn);
  }

  #watch(row: TurnRow): void {
    // Observing anew makes the observer say at once where the row is.
    this.#near.unobserve(row.el);
    this.#near.observe(row.el);
  }

  #remove(id: number): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#near.unobserve(row.el);
    row.remove();
    this.#rows.delete(id);
    this.#bars.delete(id);
    this.updateCards();
  }

  #onNear(seen: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      const id = Number((target as HTMLElement).dataset.turn);
      this.#rows.get(id)?.near(isIntersecting);
    }
  }

  #announce(before: TurnView, turn: TurnView): void {
    // An answer that is still being written is read aloud once, when it is whole.
    const isNew = turn.answer !== before.answer || turn.state !== before.state;
    if (turn.answer && turn.state !== "thinking" && isNew) {
      setText(this.#said, turn.answer);
    }
    if (turn.error && turn.error !== before.error) setText(this.#said, turn.error);
  }

  #toEnd(): void {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  // What grows below moves the end away, and is followed; only going up ends that.
  #look(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (isAtEnd) this.#follows = true;
    else if (scrollTop < this.#last - 1) this.#follows = false;
    this.#last = scrollTop;
    this.#down.hidden = this.#follows;
  }
}

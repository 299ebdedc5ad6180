// All clips of the conversation: found by words, dragged or clicked into the box.

import { CLIP_MIME } from "./composer";
import { h, setText } from "./dom";
import type { PanelChannel, Store } from "./store";
import type { TakeView, TurnView } from "./wire";

const KINDS = {
  all: () => true,
  clips: (take: TakeView) => take.num_frames > 1,
  stills: (take: TakeView) => take.num_frames === 1,
  drafts: (take: TakeView) => take.quality === "draft",
  finals: (take: TakeView) => take.quality === "final",
};

/** Whether a clip has every word that is searched for, in its name or its words. */
export function matches(take: TakeView, turn: TurnView, search: string): boolean {
  const text = `${take.name} ${take.prompt} ${turn.words} ${take.model}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word.replace(/^@/, "")));
}

interface Hooks {
  use: (name: string) => void;
  show: (turn: number) => void;
}

interface Card {
  el: HTMLElement;
  take: TakeView;
  turn: TurnView;
  index: number;
}

export class Gallery {
  readonly el: HTMLElement;
  #store: Store;
  #channel: PanelChannel;
  #hooks: Hooks;
  #search = h("input", {
    type: "search",
    class: "nba-search",
    placeholder: "Search clips",
    "aria-label": "Search clips",
  });
  #kind = h("select", { class: "nba-chip", "aria-label": "Filter" });
  #grid = h("ul", { class: "nba-grid", "aria-label": "Clips" });
  #none = h("p", { class: "nba-wait", role: "status" });
  #cards = new Map<string, Card>();
  #near: IntersectionObserver;

  constructor(store: Store, channel: PanelChannel, hooks: Hooks, signal: AbortSignal) {
    this.#store = store;
    this.#channel = channel;
    this.#hooks = hooks;
    for (const kind of Object.keys(KINDS)) {
      this.#kind.append(h("option", { value: kind }, kind));
    }
    this.#search.addEventListener("input", () => this.#filter());
    this.#kind.addEventListener("change", () => this.#filter());
    const scroll = h(
      "div",
      { class: "nba-scroll", role: "group", tabindex: 0, "aria-label": "Clips" },
      this.#none,
      this.#grid,
    );
    this.el = h(
      "div",
      { class: "nba-gallery" },
      h("div", { class: "nba-find", role: "search" }, this.#search, this.#kind),
      scroll,
    );
    this.#near = new IntersectionObserver((seen) => this.#onNear(seen), {
      root: scroll,
      rootMargin: "300px",
    });
    const end = store.listen((change) => {
      if (("turn" in change || "gone" in change) && !this.el.hidden) this.update();
    });
    signal.addEventListener("abort", () => {
      end();
      this.#near.disconnect();
      for (const card of this.#cards.values()) release(card);
    });
  }

  /** Show the finished clips as they are now, newest first. */
  update(): void {
    const found = new Map<string, Card>();
    for (const turn of this.#store.turns) {
      turn.takes.forEach((take, index) => {
        if (take.state !== "done") return;
        const key = `${turn.id}-${index}`;
        const card = this.#cards.get(key) ?? this.#card(turn, take, index);
        found.set(key, { ...card, turn, take });
      });
    }
    for (const [key, card] of this.#cards) {
      if (found.has(key)) continue;
      this.#near.unobserve(card.el);
      release(card);
      card.el.remove();
    }
    for (const [key, card] of found) {
      if (!this.#cards.has(key)) this.#grid.prepend(card.el);
    }
    this.#cards = found;
    this.#filter();
  }

  #filter(): void {
    const fits = KINDS[this.#kind.value as keyof typeof KINDS];
    let shown = 0;
    for (const { el, take, turn } of this.#cards.values()) {
      el.hidden = !(fits(take) && matches(take, turn, this.#search.value));
      if (!el.hidden) shown += 1;
    }
    const empty = this.#cards.size ? "nothing fits the search" : "no clips yet";
    setText(this.#none, shown ? "" : empty);
  }

  #card(turn: TurnView, take: TakeView, index: number): Card {
    const said = `@${take.name}`;
    const use = h(
      "button",
      { type: "button", class: "nba-card-use", title: `Use ${said} in the message` },
      h("img", { alt: "", draggable: "false" }),
      h("span", { class: "nba-name" }, take.name),
    );
    use.setAttribute("aria-label", `Use ${said}: ${take.prompt}`);
    use.addEventListener("click", () => this.#hooks.use(said));
    const words = h("button", { type: "button", class: "nba-link" }, take.prompt);
    words.title = "Show in the conversation";
    words.addEventListener("click", () => this.#hooks.show(turn.id));
    const el = h("li", { class: "nba-card", draggable: "true" }, use, words);
    el.dataset.key = `${turn.id}-${index}`;
    el.style.setProperty("--ratio", `${take.width} / ${take.height}`);
    el.addEventListener("dragstart", (event) => {
      event.dataTransfer?.setData(CLIP_MIME, said);
      event.dataTransfer?.setData("text/plain", said);
    });
    this.#near.observe(el);
    return { el, take, turn, index };
  }

  #onNear(seen: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      const card = this.#cards.get((target as HTMLElement).dataset.key ?? "");
      if (!isIntersecting || !card) continue;
      this.#near.unobserve(target);
      void this.#fetch(card);
    }
  }

  async #fetch({ el, turn, index }: Card): Promise<void> {
    const image = el.querySelector("img");
    try {
      const body = { type: "get_poster", turn: turn.id, index } as const;
      const { bytes } = await this.#channel.request(body);
      if (!bytes || !image) return;
      const blob = new Blob([bytes as DataView<ArrayBuffer>], { type: "image/jpeg" });
      image.src = URL.createObjectURL(blob);
    } catch {
      el.classList.add("nba-lost"); // its name and words are still of use
    }
  }
}

function release({ el }: Card): void {
  const image = el.querySelector("img");
  if (image?.src) URL.revokeObjectURL(image.src);
}

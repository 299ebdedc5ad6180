// All clips of the conversation: found by words and tags, played under the pointer, dragged
// or clicked into the box, and chosen several at once.

import { type ClipHooks, starButton } from "./card";
import { h, jpegUrl, keep, setText } from "./dom";
import { CLIP_MIME } from "./drops";
import { fileOf, isStill } from "./file";
import { Pair } from "./pair";
import type { PanelChannel, Store } from "./store";
import { lineOf } from "./text";
import type { MarkView, TakeView, TurnView } from "./wire";

type Fits = (take: TakeView, mark: MarkView) => boolean;

const KINDS: Record<string, Fits> = {
  all: () => true,
  favourites: (_take, mark) => mark.favourite,
  clips: (take) => take.num_frames > 1,
  stills: (take) => take.num_frames === 1,
  drafts: (take) => take.quality === "draft",
  finals: (take) => take.quality === "final",
};

/** Whether a clip has every word that is searched for, in its name, words or tags. */
export function matches(
  take: TakeView,
  turn: TurnView,
  search: string,
  tags: string[] = [],
): boolean {
  const said = `${take.name} ${take.prompt} ${turn.words} ${take.model}`;
  const text = `${said} ${tags.map((tag) => `#${tag}`).join(" ")}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word.replace(/^@/, "")));
}

interface Hooks extends ClipHooks {
  use: (name: string) => void;
  show: (turn: number) => void;
  reply: (name: string) => void;
  /** Ask for more takes of a clip. */
  more: (name: string) => void;
  say: (text: string) => void;
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
    placeholder: "Search clips, or #tag",
    "aria-label": "Search clips",
  });
  #kind = h("select", { class: "nba-chip", "aria-label": "Filter" });
  #grid = h("ul", { class: "nba-grid", "aria-label": "Clips" });
  #none = h("p", { class: "nba-wait", role: "status" });
  #bar = h("div", { class: "nba-chosen-bar", role: "toolbar", hidden: true });
  #pair: Pair;
  #cards = new Map<string, Card>();
  #chosen = new Set<string>();
  #near: IntersectionObserver;

  constructor(store: Store, channel: PanelChannel, hooks: Hooks, signal: AbortSignal) {
    this.#store = store;
    this.#channel = channel;
    this.#hooks = hooks;
    this.#pair = new Pair({
      fetch: (take) => this.#bytes(take.name),
      reply: (name) => hooks.reply(name),
    });
    for (const kind of Object.keys(KINDS)) {
      this.#kind.append(h("option", { value: kind }, kind));
    }
    this.#search.addEventListener("input", () => this.#filter());
    this.#kind.addEventListener("change", () => this.#filter());
    this.#bar.setAttribute("aria-label", "Chosen clips");
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
      this.#pair.el,
      scroll,
      this.#bar,
    );
    this.#near = new IntersectionObserver((seen) => this.#onNear(seen), {
      root: scroll,
      rootMargin: "300px",
    });
    const end = store.listen((change) => {
      const isOfClips = "turn" in change || "gone" in change || "marks" in change;
      if (isOfClips && !this.el.hidden) this.update();
    });
    signal.addEventListener("abort", () => {
      end();
      this.#near.disconnect();
      this.#pair.close();
      for (const card of this.#cards.values()) release(card);
    });
  }

  /** Show the finished clips as they are now, newest first. */
  update(): void {
    const found = new Map<string, Card>();
    const names = new Set<string>(); // a later turn may show a clip again
    for (const turn of this.#store.turns) {
      turn.takes.forEach((take, index) => {
        if (take.state !== "done" || names.has(take.name)) return;
        names.add(take.name);
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
    for (const name of this.#chosen) if (!names.has(name)) this.#chosen.delete(name);
    this.#filter();
    this.#showChosen();
  }

  #filter(): void {
    const fits = KINDS[this.#kind.value] ?? (() => true);
    let shown = 0;
    for (const { el, take, turn } of this.#cards.values()) {
      const mark = this.#store.mark(take.name);
      const isFound = matches(take, turn, this.#search.value, mark.tags);
      const isLeaving = this.#hooks.isLeaving(take.name);
      el.hidden = isLeaving || !(fits(take, mark) && isFound);
      el.querySelector(".nba-star")?.replaceWith(starButton(mark, this.#hooks.mark));
      const tags = mark.tags.map((tag) => `#${tag}`).join(" ");
      setText(el.querySelector(".nba-card-tags") as HTMLElement, tags);
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
    const choose = h("input", {
      type: "checkbox",
      class: "nba-choose",
      "aria-label": `Choose ${take.name}`,
    });
    choose.addEventListener("change", () => this.#choose(take.name, choose.checked));
    const words = h("button", { type: "button", class: "nba-link" }, take.prompt);
    words.title = "Show in the conversation";
    words.addEventListener("click", () => this.#hooks.show(turn.id));
    const star = starButton(this.#store.mark(take.name), this.#hooks.mark);
    const el = h(
      "li",
      { class: "nba-card", draggable: "true" },
      h("div", { class: "nba-card-face" }, use, choose, star),
      words,
      h("span", { class: "nba-card-tags" }),
    );
    el.dataset.key = `${turn.id}-${index}`;
    el.style.setProperty("--ratio", `${take.width} / ${take.height}`);
    el.addEventListener("dragstart", (event) => {
      event.dataTransfer?.setData(CLIP_MIME, said);
      event.dataTransfer?.setData("text/plain", said);
    });
    use.addEventListener("pointerenter", () => void this.#play(use, take));
    use.addEventListener("focus", () => void this.#play(use, take));
    for (const left of ["pointerleave", "blur"]) {
      use.addEventListener(left, () => rest(use));
    }
    this.#near.observe(el);
    return { el, take, turn, index };
  }

  // Only while the pointer is there: a gallery of moving pictures is not looked at.
  async #play(use: HTMLElement, take: TakeView): Promise<void> {
    const prefersStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (prefersStill || take.num_frames < 2 || use.querySelector("video")) return;
    const video = h("video", { loop: true, playsinline: true, "aria-hidden": "true" });
    video.muted = true;
    use.querySelector("img")?.after(video); // at once: a second event asks no second time
    try {
      const bytes = await this.#bytes(take.name);
      if (!bytes || !video.isConnected) return;
      const file = fileOf(bytes);
      if (isStill(file)) return;
      video.src = URL.createObjectURL(file);
      await video.play();
    } catch {
      rest(use); // its poster is there
    }
  }

  async #bytes(name: string): Promise<DataView | undefined> {
    const found = [...this.#cards.values()].find(({ take }) => take.name === name);
    const body = { type: "get_named", turn: found?.turn.id ?? 0, name } as const;
    return (await this.#channel.request(body)).bytes;
  }

  #choose(name: string, isChosen: boolean): void {
    if (isChosen) this.#chosen.add(name);
    else this.#chosen.delete(name);
    this.#showChosen();
  }

  #showChosen(): void {
    const names = [...this.#chosen];
    this.#bar.hidden = names.length === 0;
    this.el.classList.toggle("nba-choosing", names.length > 0);
    for (const { el, take } of this.#cards.values()) {
      const box = el.querySelector<HTMLInputElement>(".nba-choose");
      if (box) box.checked = this.#chosen.has(take.name);
    }
    const [first = "", second = ""] = names;
    const one = names.length === 1;
    this.#bar.replaceChildren(
      this.#clearButton(),
      h("span", {}, `${names.length} chosen`),
      ...(one ? [textButton("More like this", () => this.#hooks.more(first))] : []),
      ...(names.length === 2
        ? [textButton("Compare", () => void this.#compare(first, second))]
        : []),
      textButton("Download", () => void this.#download(names)),
      textButton("Delete", () => this.#hooks.remove(names)),
    );
  }

  #clearButton(): HTMLButtonElement {
    const button = textButton("×", () => {
      this.#chosen.clear();
      this.#showChosen();
    });
    button.title = "Choose none";
    button.setAttribute("aria-label", "Choose none");
    return button;
  }

  async #compare(first: string, second: string): Promise<void> {
    const takes = [...this.#cards.values()].map(({ take }) => take);
    const pair = [first, second].map((name) => takes.find((one) => one.name === name));
    try {
      await this.#pair.open(pair.filter((take) => take !== undefined));
    } catch (error) {
      this.#hooks.say(lineOf(error));
    }
  }

  async #download(names: string[]): Promise<void> {
    this.#hooks.say("packing the clips");
    try {
      const { reply, bytes } = await this.#channel.request({ type: "get_zip", names });
      if (reply.type !== "file" || !bytes) return;
      const type = "application/zip";
      keep(new Blob([bytes as DataView<ArrayBuffer>], { type }), reply.file_name);
      this.#hooks.say(`${reply.file_name} is downloaded`);
    } catch (error) {
      this.#hooks.say(lineOf(error));
    }
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
      if (bytes && image) image.src = jpegUrl(bytes);
    } catch {
      el.classList.add("nba-lost"); // its name and words are still of use
    }
  }
}

function rest(use: HTMLElement): void {
  const video = use.querySelector("video");
  if (video?.src) URL.revokeObjectURL(video.src);
  video?.remove();
}

function release({ el }: Card): void {
  const image = el.querySelector("img");
  if (image?.src) URL.revokeObjectURL(image.src);
  rest(el);
}

function textButton(text: string, act: () => void): HTMLButtonElement {
  const button = h("button", { type: "button", class: "nba-pill" }, text);
  button.addEventListener("click", act);
  return button;
}

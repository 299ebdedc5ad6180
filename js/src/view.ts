// The player of one turn: its takes on a stage, one transport, and what was asked.
//
// The kernel owns the model and this view only reads it; what the view changes itself
// (which take is in front, the playhead, speed, loop) stays here and is never synced.

import { Channel, type Model } from "./channel";
import { Deck } from "./deck";
import { h, setText } from "./dom";
import { Heading } from "./heading";
import type { Guest, Tools } from "./host";
import { loadTools } from "./loader";
import { Stops } from "./stops";
import { announcement, isGoing, lineOf, noteText, statusText } from "./text";
import { columnsOf, Tile } from "./tile";
import { Transport } from "./transport";
import type { TakeView } from "./wire";

const TRAITS = ["takes", "request", "note", "turn_state"] as const;

// What JupyterLab's widget manager says to every model when it restarts the kernel. The
// model has lost its other half then for good: a new kernel does not know it.
export const KERNEL_GONE = "comm_live_update";

export class PlayerView {
  readonly el: HTMLElement;
  #model: Model;
  #manager: unknown;
  #channel: Channel;
  #deck = new Deck(() => this.#showControls());
  #signal: AbortSignal;
  #transport = new Transport(this.#deck);
  #tools: Tools | undefined;
  #isLoading = false;
  #guest: Guest | undefined;
  #tiles: Tile[] = [];
  #selected = 0;
  #isGone = false;
  #said = "";
  #stage = h("div", { class: "nba-stage" });
  #name = h("span", { class: "nba-name" });
  #status = h("span", { class: "nba-status" });
  #stops: Stops;
  #from = h("span", { class: "nba-parent" });
  #heading = new Heading();
  #note = h("p", { class: "nba-note" });
  #lead = h("div", { class: "nba-lead" });
  #saved = h("p", { class: "nba-saved", role: "status" });
  #foot = h("div", { class: "nba-foot" });
  #words = h("div", { class: "nba-right" });
  #live = h("div", { class: "nba-hidden", "aria-live": "polite" });

  #screen: HTMLElement;
  #isChosen = false;
  #wasGoing = "";

  /** `screen` is what fills the screen, if that is more than this card. */
  constructor(
    model: Model,
    signal: AbortSignal,
    manager?: unknown,
    screen?: HTMLElement,
  ) {
    this.#model = model;
    this.#manager = manager;
    this.#channel = new Channel(model, signal);
    this.#signal = signal;
    this.#stops = new Stops(this.#channel, (text) => this.#say(text));
    // `nba-live` tells the static output behind this one that it is not needed;
    // the data attribute keeps the notebook from acting on keys typed here.
    this.el = h(
      "div",
      {
        class: "nba-player nba-live",
        role: "group",
        tabindex: 0,
        "data-lm-suppress-shortcuts": "true",
      },
      h("div", { class: "nba-left" }, this.#stage, this.#transport.el),
      this.#words,
      this.#live,
    );
    this.#words.append(
      h(
        "div",
        { class: "nba-head" },
        this.#name,
        this.#from,
        this.#status,
        this.#stops.el,
      ),
      this.#heading.el,
      this.#note,
      this.#lead,
      this.#saved,
      this.#foot,
    );
    this.#foot.append(this.#transport.row);
    this.#screen = screen ?? this.el;
    this.el.addEventListener("keydown", (event) => this.#onKey(event));
    const sight = new IntersectionObserver((seen) => {
      this.#deck.rest(!seen.some((entry) => entry.isIntersecting));
    });
    sight.observe(this.#stage);
    // No container query: in a box of widgets the card's width is that of its content.
    const width = new ResizeObserver(() => {
      const wide = this.el.clientWidth;
      this.el.classList.toggle("nba-narrow", wide >= 440 && wide < 680);
    });
    width.observe(this.el);
    const update = () => this.#update();
    for (const trait of TRAITS) model.on(`change:${trait}`, update);
    const onGone = () => this.#giveWay();
    model.on(KERNEL_GONE, onGone);
    signal.addEventListener("abort", () => {
      for (const trait of TRAITS) model.off(`change:${trait}`, update);
      model.off(KERNEL_GONE, onGone);
      sight.disconnect();
      width.disconnect();
      for (const tile of this.#tiles) tile.remove();
      this.#deck.clear();
    });
    this.#update();
  }

  get deck(): Deck {
    return this.#deck;
  }

  /** The tools are for a clip that is there, and are fetched with the first. */
  async #loadTools(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#tools = await loadTools({
        root: this.el,
        stage: this.#stage,
        scrub: this.#transport.scrub,
        row: this.#transport.row,
        lead: this.#lead,
        foot: this.#foot,
        screen: this.#screen,
        channel: this.#channel,
        model: this.#model,
        manager: this.#manager,
        deck: this.#deck,
        signal: this.#signal,
        front: () => {
          const index = this.#selected;
          const [take, tile] = [this.#takes[index], this.#tiles[index]];
          return take && tile && { index, take, tile: tile.el };
        },
        takes: () => this.#takes,
        shown: () => this.#shown,
        file: () => this.#file,
        view: (guest) => {
          this.#guest = guest;
          this.#update();
        },
        say: (text) => this.#say(text),
      });
    } catch (error) {
      this.#say(`no tools: ${lineOf(error)}`);
    }
  }

  get #shown(): TakeView | undefined {
    return this.#guest?.take ?? this.#takes[this.#selected];
  }

  get #file(): Blob | undefined {
    return this.#guest ? undefined : this.#tiles[this.#selected]?.file;
  }

  get #takes(): TakeView[] {
    return this.#model.get("takes");
  }

  #update(): void {
    const takes = this.#takes;
    this.#fitTiles(takes.length);
    const isStory = takes.some((take) => take.is_scene);
    const front = isStory && !this.#isChosen ? inFront(takes) : this.#selected;
    if (front !== this.#selected) this.#bring(front);
    this.#selected = Math.min(this.#selected, Math.max(0, takes.length - 1));
    this.#deck.isTogether = !isStory;
    this.#stage.classList.toggle("nba-story", isStory);
    takes.forEach((take, index) => {
      const isSelected = index === this.#selected;
      this.#tiles[index]?.update(take, {
        numTakes: takes.length,
        isSelected,
        isStory,
      });
    });
    const columns = isStory ? takes.length - 1 : columnsOf(takes.length);
    this.#stage.style.setProperty("--columns", String(columns));
    this.#stage.style.setProperty(
      "--rows",
      String(Math.ceil(takes.length / (columns || 1))),
    );
    const turn = this.#model.get("request");
    const request = this.#guest?.request ?? turn;
    const take = this.#shown;
    this.el.setAttribute("aria-label", `Clip ${take?.name ?? ""}: ${request}`);
    this.el.dataset.state = take?.state ?? this.#model.get("turn_state");
    setText(this.#name, take?.name ?? "");
    setText(this.#from, take?.parent ? `from ${take.parent}` : "");
    this.#heading.show(take, request, turn);
    setText(this.#note, this.#guest ? "" : noteText(this.#model.get("note")));
    setText(this.#status, this.#statusText(take));
    this.#status.classList.toggle("nba-ended", take?.state === "done" && !take.message);
    // What was said of a render is over when it goes on otherwise.
    const going = `${take?.name} ${take?.state}`;
    if (going !== this.#wasGoing) this.#say("");
    this.#wasGoing = going;
    if (this.#isGone) this.#stops.update([], 0, undefined);
    else this.#stops.update(takes, this.#selected, take);
    this.#announce(takes);
    this.#showControls();
    this.#tools?.update();
  }

  #showControls(): void {
    this.#transport.update(this.#file !== undefined || this.#guest !== undefined);
  }

  #onFile(): void {
    this.#showControls();
    if (this.#tools) this.#tools.update();
    else void this.#loadTools();
  }

  #fitTiles(count: number): void {
    while (this.#tiles.length > count) this.#tiles.pop()?.remove();
    while (this.#tiles.length < count) {
      const index = this.#tiles.length;
      const tile = new Tile({
        index,
        channel: this.#channel,
        onSelect: () => this.#choose(index),
        onStill: () => this.#onFile(),
        onClip: (clip) => {
          this.#deck.add(index, clip);
          if (index === this.#selected && !prefersStill()) this.#deck.play();
          this.#onFile();
        },
      });
      this.#tiles.push(tile);
      this.#stage.append(tile.el);
    }
  }

  #choose(index: number): void {
    if (index >= this.#tiles.length) return;
    this.#isChosen = true;
    this.#guest = undefined;
    this.#bring(index);
    this.#say("");
    this.#update();
  }

  #bring(index: number): void {
    this.#selected = index;
    this.#deck.lead(index);
  }

  /** Without a kernel the static output shows the clip; it takes this one's place. */
  #giveWay(): void {
    this.#isGone = true;
    this.el.classList.replace("nba-live", "nba-gone");
    this.#deck.pause();
    this.#update();
  }

  #statusText(take: TakeView | undefined): string {
    const isOpen = take === undefined || isGoing(take);
    if (this.#isGone && isOpen) return "the kernel was restarted: run the cell again";
    if (take) return statusText(take);
    const state = this.#model.get("turn_state");
    return state === "thinking" ? "reading your words" : state;
  }

  #announce(takes: TakeView[]): void {
    const text = takes.map(announcement).join("; ");
    if (text !== this.#said) setText(this.#live, text);
    this.#said = text;
  }

  /** Say what came of a button, or of a tool. */
  #say(text: string): void {
    setText(this.#saved, text);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.tagName === "SELECT") return;
    const press = event.key === " " || event.key === "Enter";
    if (press && target.tagName === "BUTTON") return;
    if (!this.#act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #act(key: string): boolean {
    if (this.#stops.key(key)) return true;
    if (/^[1-9]$/.test(key)) return this.#do(() => this.#choose(Number(key) - 1));
    const deck = this.#deck;
    const actions: Record<string, () => void> = {
      " ": () => deck.toggle(),
      ArrowLeft: () => void deck.step(-1),
      ArrowRight: () => void deck.step(1),
      Home: () => void deck.seek(0),
      End: () => void deck.seek(Number.MAX_SAFE_INTEGER),
      l: () => deck.setLoop(!deck.loop),
      "<": () => deck.faster(-1),
      ">": () => deck.faster(1),
    };
    const action = actions[key];
    if (action !== undefined && deck.clip !== undefined) return this.#do(action);
    return !this.#isGone && (this.#tools?.key(key) ?? false);
  }

  #do(action: () => void): true {
    action();
    return true;
  }
}

/** Of scenes and their film: the film, or what is being made of it. */
function inFront(takes: TakeView[]): number {
  const film = takes.findIndex((take) => !take.is_scene);
  const isWaiting = takes[film]?.state === "queued";
  const running = takes.findIndex((take) => take.state === "running");
  return isWaiting && running >= 0 ? running : film;
}

function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

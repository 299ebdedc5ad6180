// The player of one turn: its takes on a stage, one transport, and what was asked.
//
// The kernel owns the model and this view only reads it; what the view changes itself
// (which take is in front, the playhead, speed, loop) stays here and is never synced.

import { Channel, type Model, type WithoutId } from "./channel";
import { Deck } from "./deck";
import { h, keyButton, setLabel, setText } from "./dom";
import type { Guest, Tools } from "./host";
import { loadTools } from "./loader";
import { announcement, lineOf, metaText, statusText } from "./text";
import { columnsOf, Tile } from "./tile";
import { Transport } from "./transport";
import type { Cancel, Keep, Pause, Resume, TakeView } from "./wire";

type Stop = Cancel | Keep | Pause | Resume;

const TRAITS = ["takes", "request", "note", "turn_state"] as const;

// What JupyterLab's widget manager says to every model when it restarts the kernel. The
// model has lost its other half then for good: a new kernel does not know it.
export const KERNEL_GONE = "comm_live_update";

const HINTS = "space play · ← → frame · r refine · p point · s save · ? all keys";

export class PlayerView {
  readonly el: HTMLElement;
  #model: Model;
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
  #cancel = keyButton("Cancel", "c", "Cancel");
  #pause = keyButton("Pause the render", "h", "Pause");
  #keep = keyButton("Keep it as it looks now", "k", "Keep");
  #request = h("p", { class: "nba-request" });
  #prompt = h("p", { class: "nba-prompt" });
  #note = h("p", { class: "nba-note" });
  #meta = h("p", { class: "nba-meta" });
  #saved = h("p", { class: "nba-saved", role: "status" });
  #keys = h("p", { class: "nba-keys", "aria-hidden": "true" });
  #words = h("div", { class: "nba-right" });
  #live = h("div", { class: "nba-hidden", "aria-live": "polite" });

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    this.#channel = new Channel(model, signal);
    this.#signal = signal;
    this.#cancel.classList.add("nba-end");
    this.#cancel.addEventListener("click", () => this.#stop());
    this.#pause.classList.add("nba-end");
    this.#pause.addEventListener("click", () => this.#pauseIt());
    this.#keep.classList.add("nba-end");
    this.#keep.addEventListener("click", () => this.#keepIt());
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
        this.#status,
        this.#pause,
        this.#keep,
        this.#cancel,
      ),
      this.#request,
      this.#prompt,
      this.#note,
      this.#meta,
      this.#saved,
      this.#keys,
    );
    this.el.addEventListener("keydown", (event) => this.#onKey(event));
    const sight = new IntersectionObserver((seen) => {
      this.#deck.rest(!seen.some((entry) => entry.isIntersecting));
    });
    sight.observe(this.#stage);
    const update = () => this.#update();
    for (const trait of TRAITS) model.on(`change:${trait}`, update);
    const onGone = () => this.#giveWay();
    model.on(KERNEL_GONE, onGone);
    signal.addEventListener("abort", () => {
      for (const trait of TRAITS) model.off(`change:${trait}`, update);
      model.off(KERNEL_GONE, onGone);
      sight.disconnect();
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
        words: this.#words,
        channel: this.#channel,
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
        say: (text) => setText(this.#saved, text),
      });
    } catch (error) {
      setText(this.#saved, `no tools: ${lineOf(error)}`);
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
    this.#selected = Math.min(this.#selected, Math.max(0, takes.length - 1));
    takes.forEach((take, index) => {
      this.#tiles[index]?.update(take, takes.length, index === this.#selected);
    });
    const columns = columnsOf(takes.length);
    this.#stage.style.setProperty("--columns", String(columns));
    this.#stage.style.setProperty(
      "--rows",
      String(Math.ceil(takes.length / (columns || 1))),
    );
    const request = this.#guest?.request ?? this.#model.get("request");
    const take = this.#shown;
    this.el.setAttribute("aria-label", `Clip ${take?.name ?? ""}: ${request}`);
    this.el.dataset.state = take?.state ?? this.#model.get("turn_state");
    setText(this.#name, take?.name ?? "");
    setText(this.#request, request);
    setText(this.#note, this.#guest ? "" : this.#model.get("note"));
    setText(this.#prompt, take && take.prompt !== request ? take.prompt : "");
    setText(this.#meta, take ? metaText(take) : "");
    setText(this.#status, this.#statusText(take));
    this.#cancel.hidden = this.#isGone || !takes.some(isGoing);
    // Without a step there is nothing to keep, and at its last the end is as near.
    const isShaped = take?.state === "running" && take.phase === "denoise";
    this.#keep.hidden = this.#isGone || !isShaped || take.step === 0;
    const isPaused = take?.state === "paused";
    this.#pause.hidden = this.#isGone || !take || !isGoing(take);
    const verb = isPaused ? "Resume" : "Pause";
    setText(this.#pause, verb);
    setLabel(this.#pause, `${verb} the render`, "h"); // the clip has a Pause of its own
    this.#announce(takes);
    this.#showControls();
    this.#showHints();
    this.#tools?.update();
  }

  #showControls(): void {
    this.#transport.update(this.#file !== undefined || this.#guest !== undefined);
  }

  #onFile(): void {
    this.#showControls();
    this.#showHints();
    if (this.#tools) this.#tools.update();
    else void this.#loadTools();
  }

  #showHints(): void {
    const hints = [
      this.#deck.clip ? HINTS : "",
      this.#tiles.length > 1 ? `1 to ${this.#tiles.length} take` : "",
      this.#pause.hidden ? "" : `h ${this.#pause.textContent?.toLowerCase()}`,
      this.#keep.hidden ? "" : "k keep it as it is",
      this.#cancel.hidden ? "" : "c cancel",
    ];
    setText(this.#keys, hints.filter(Boolean).join(" · "));
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
    this.#selected = index;
    this.#guest = undefined;
    this.#deck.lead(index);
    setText(this.#saved, "");
    this.#update();
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

  #stop(): void {
    void this.#ask(this.#cancel, { type: "cancel", index: null });
  }

  #keepIt(): void {
    void this.#ask(this.#keep, { type: "keep", index: this.#selected });
  }

  #pauseIt(): void {
    const type = this.#shown?.state === "paused" ? "resume" : "pause";
    void this.#ask(this.#pause, { type, index: this.#selected });
  }

  /** Send what a button stands for; it rests until the kernel has answered. */
  async #ask(button: HTMLButtonElement, body: WithoutId<Stop>): Promise<void> {
    if (button.hidden || button.disabled) return;
    button.disabled = true;
    setText(this.#saved, "");
    try {
      await this.#channel.request(body, () => {
        button.disabled = false;
        setText(this.#saved, "kernel not reachable: use the notebook's stop button");
      });
    } catch (error) {
      setText(this.#saved, lineOf(error));
    }
    button.disabled = false;
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
    if (key === "c" && !this.#cancel.hidden) return this.#do(() => this.#stop());
    if (key === "h" && !this.#pause.hidden) return this.#do(() => this.#pauseIt());
    if (key === "k" && !this.#keep.hidden) return this.#do(() => this.#keepIt());
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

function isGoing(take: TakeView): boolean {
  return ["queued", "running", "paused"].includes(take.state);
}

function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

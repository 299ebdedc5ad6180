// The chat panel: the conversation of the cells, in one thread with a box below, and its
// clips in a gallery beside.

import type { RenderProps } from "@anywidget/types";
import { act } from "./act";
import { Bin } from "./bin";
import { Channel } from "./channel";
import { Composer } from "./composer";
import { fill, widen } from "./dock";
import { h, icon, setText } from "./dom";
import { Gallery } from "./gallery";
import { ModelsPage } from "./models";
import { Notifier } from "./notify";
import { Queue } from "./queue";
import { canReconnect, type PanelLine, reconnect } from "./reconnect";
import { REPLY, type Reply } from "./reply";
import { SettingsPage } from "./settings";
import { type PanelChannel, Store } from "./store";
import { lineOf } from "./text";
import { Thread } from "./thread";
import { KERNEL_GONE } from "./view";
import type { About, MarkView, TurnView } from "./wire";

const EXAMPLES = [
  "a red ball crosses the beach at sunset",
  "a rocket rises from the desert at night",
  "three scenes: a boat at sea; it sails away; the sea at night",
];
const NO_ANSWER = "the kernel has not answered yet: a running cell may hold it up";
const EXPORT = "M7 1h2v7h3l-4 4.5L4 8h3zM2 13h12v2H2z";

const VIEWS = ["chat", "clips", "models", "settings"] as const;
type View = (typeof VIEWS)[number];

class Panel {
  readonly el: HTMLElement;
  #channel: PanelChannel;
  #store: Store;
  #thread: Thread;
  #gallery: Gallery;
  #models: ModelsPage;
  #settings: SettingsPage;
  #bin: Bin;
  #composer: Composer;
  #empty = h("div", { class: "nba-empty" });
  #status = h("p", { class: "nba-loading", role: "status" });
  #said = h("p", { class: "nba-notice", role: "status" });
  #gone = h("div", { class: "nba-lost-kernel", role: "alert" });
  #tabs: Record<View, HTMLButtonElement> = {
    chat: tab("Chat"),
    clips: tab("Clips"),
    models: tab("Models"),
    settings: tab("Settings"),
  };
  #view: View = "chat";

  constructor(line: PanelLine, signal: AbortSignal, onGone: () => void) {
    this.#channel = new Channel(line, signal);
    this.#store = new Store(line, this.#channel, signal);
    const say = (text: string) => setText(this.#said, text);
    this.#bin = new Bin(this.#channel, say, () => this.#showBin(), signal);
    const ofClips = {
      mark: (mark: MarkView) => void this.#mark(mark, say),
      remove: (names: string[]) => this.#bin.put(names),
      undo: () => void this.#say("undo", null, null),
      isLeaving: (name: string) => this.#bin.has(name),
    };
    const hooks = {
      ...ofClips,
      edit: (turn: TurnView) => this.#edit(turn),
      choose: (turn: TurnView, reading: string) => this.#choose(turn, reading),
    };
    this.#thread = new Thread(this.#store, hooks, this.#empty, signal);
    this.#composer = new Composer(this.#channel, this.#store, {
      say: (text, replaces, about) => this.#say(text, replaces, null, about),
      stop: () => void this.#do({ type: "stop" }),
      history: () => [...this.#store.turns.map(typed), ...this.#thread.unconfirmed],
    });
    const reply = (name: string) =>
      this.#composer.reply({ name, span: null, region: null });
    const inGallery = {
      ...ofClips,
      say,
      reply,
      more: (name: string) => {
        reply(name);
        this.#composer.write("--takes 4 another take");
      },
      use: (name: string) => this.#composer.insert(name),
      show: (turn: number) => {
        this.#open("chat");
        this.#thread.show(turn);
      },
    };
    this.#gallery = new Gallery(this.#store, this.#channel, inGallery, signal);
    this.#fillEmpty();
    this.#gone.hidden = true;
    const notifier = new Notifier(this.#store, signal);
    this.#models = new ModelsPage(this.#store, this.#channel, say);
    this.#settings = new SettingsPage(this.#channel, say, notifier);
    const views = Object.values(this.#pages);
    const queue = new Queue(this.#store, this.#channel, (text) =>
      this.#composer.say(text),
    );
    this.el = h(
      "section",
      {
        class: "nba-panel",
        "aria-label": "nbagent chat",
        "data-lm-suppress-shortcuts": "true",
      },
      this.#header(),
      this.#status,
      h("div", { class: "nba-views" }, ...views),
      this.#said,
      this.#bin.el,
      notifier.question,
      this.#gone,
      queue.el,
      this.#composer.el,
    );
    // The attribute is JupyterLab's; other hosts listen further out.
    this.el.addEventListener("keydown", (event) => event.stopPropagation());
    this.el.addEventListener(REPLY, (event) => {
      const { about, isWanted } = (event as CustomEvent<Reply>).detail;
      this.#composer.reply(about, isWanted);
    });
    line.on(KERNEL_GONE, onGone);
    signal.addEventListener("abort", () => line.off(KERNEL_GONE, onGone));
    this.#store.listen(() => this.#update());
    this.#open("chat");
    void this.#load();
  }

  /** Say that the kernel is gone; what was said stays readable. */
  lose(text: string, again?: () => void): void {
    const button = h("button", { type: "button", class: "nba-pill" }, "Reconnect");
    if (again) button.addEventListener("click", again);
    this.#gone.replaceChildren(h("p", {}, text), ...(again ? [button] : []));
    this.#gone.hidden = false;
    this.#composer.el.inert = true;
    this.el.classList.add("nba-without-kernel");
  }

  async #load(): Promise<void> {
    setText(this.#status, "fetching the conversation");
    this.#update();
    try {
      await this.#store.load(() => setText(this.#status, NO_ANSWER));
      setText(this.#status, "");
    } catch (error) {
      setText(this.#status, lineOf(error));
    }
    this.#update();
  }

  #header(): HTMLElement {
    const save = h("button", { type: "button", class: "nba-button" }, icon(EXPORT));
    save.setAttribute("aria-label", "Export as Markdown");
    save.title = "Export as Markdown, with the clips, beside the notebook";
    save.addEventListener("click", () => void this.#do({ type: "export" }));
    const tabs = h("div", { class: "nba-tabs", role: "tablist" });
    tabs.append(...Object.values(this.#tabs));
    for (const view of VIEWS) {
      this.#tabs[view].addEventListener("click", () => this.#open(view));
    }
    tabs.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      const next = VIEWS.at((VIEWS.indexOf(this.#view) + by) % VIEWS.length) ?? "chat";
      this.#open(next);
      this.#tabs[next].focus();
    });
    return h("header", { class: "nba-top" }, tabs, save);
  }

  get #pages(): Record<View, HTMLElement> {
    return {
      chat: this.#thread.el,
      clips: this.#gallery.el,
      models: this.#models.el,
      settings: this.#settings.el,
    };
  }

  #open(view: View): void {
    this.#view = view;
    for (const one of VIEWS) {
      this.#pages[one].hidden = one !== view;
      this.#tabs[one].setAttribute("aria-selected", String(one === view));
      this.#tabs[one].tabIndex = one === view ? 0 : -1;
    }
    if (view === "clips") this.#gallery.update();
    if (view === "models") void this.#models.update();
    if (view === "settings") void this.#settings.update();
  }

  #showBin(): void {
    this.#thread.updateCards();
    if (this.#view === "clips") this.#gallery.update();
  }

  #update(): void {
    const { running, done } = this.#store;
    this.#empty.hidden = !this.#thread.isEmpty || this.#status.textContent !== "";
    this.#composer.setBusy(running > 0);
    setText(this.#tabs.clips, done ? `Clips ${done}` : "Clips");
  }

  async #mark(mark: MarkView, say: (text: string) => void): Promise<void> {
    const before = this.#store.mark(mark.name);
    this.#store.setMark(mark);
    const isDone = await act(this.#channel, { type: "mark", ...mark }, say);
    if (!isDone) this.#store.setMark(before);
  }

  #edit(turn: TurnView): void {
    if (turn.origin === "panel") this.#composer.edit(turn.id, typed(turn));
    else this.#composer.write(typed(turn));
  }

  #choose(turn: TurnView, reading: string): void {
    // A cell's question stays where it is; the panel's own is what was meant, from now on.
    const replaces = turn.origin === "panel" ? turn.id : null;
    void this.#say(typed(turn), replaces, reading);
  }

  async #say(
    line: string,
    replaces: number | null,
    reading: string | null,
    about: About | null = null,
  ): Promise<boolean> {
    this.#open("chat");
    const waiting = this.#thread.wait(line);
    setText(this.#said, "");
    this.#update();
    try {
      const body = { type: "say", line, replaces, reading, about } as const;
      await this.#channel.request(body, () => waiting.say(NO_ANSWER));
      return true;
    } catch (error) {
      this.#composer.say(lineOf(error));
      return false;
    } finally {
      waiting.end();
      this.#update();
    }
  }

  async #do(body: { type: "stop" } | { type: "export" }): Promise<void> {
    const say = (text: string) => setText(this.#said, text);
    say("");
    await act(this.#channel, body, say, () => say(NO_ANSWER));
  }

  #fillEmpty(): void {
    const examples = EXAMPLES.map((words) => {
      const button = h("button", { type: "button", class: "nba-example" }, words);
      button.addEventListener("click", () => this.#composer.write(words));
      return button;
    });
    this.#empty.append(
      h("h2", {}, "What should it show?"),
      h(
        "p",
        {},
        "Say it in words. What you say here and in cells is one conversation.",
      ),
      ...examples,
    );
  }
}

function tab(label: string): HTMLButtonElement {
  return h("button", { type: "button", class: "nba-tab", role: "tab" }, label);
}

function typed(turn: TurnView): string {
  return turn.options ? `${turn.options} ${turn.words}` : turn.words;
}

type Props = Pick<RenderProps, "model" | "el" | "signal">;

function render({ model, el, signal }: Props): void {
  const manager: unknown = model.widget_manager;
  let ends = new AbortController();
  signal.addEventListener("abort", () => ends.abort());

  function show(line: PanelLine): void {
    ends.abort();
    ends = new AbortController();
    const panel = new Panel(line, ends.signal, () => void lose(panel));
    el.replaceChildren(panel.el);
  }

  async function lose(panel: Panel): Promise<void> {
    const gone = "The kernel was restarted; this is the conversation from before.";
    if (!canReconnect(manager)) {
      panel.lose(`${gone} Run %nbagent panel again.`);
      return;
    }
    panel.lose(`${gone} Connecting to the new kernel …`);
    try {
      show(await reconnect(manager, signal));
    } catch (error) {
      panel.lose(`Not connected: ${lineOf(error)}.`, () => void lose(panel));
    }
  }

  show(model);
  // Its place is made after this, and laid out a frame later.
  requestAnimationFrame(() => {
    fill(el);
    requestAnimationFrame(() => widen(el));
  });
}

export default { render };

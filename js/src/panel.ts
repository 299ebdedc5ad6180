// The chat panel: the conversation of the cells, in one thread with a box below.

import type { RenderProps } from "@anywidget/types";
import { Channel } from "./channel";
import { Composer } from "./composer";
import { widen } from "./dock";
import { h, setText } from "./dom";
import { type PanelChannel, Store } from "./store";
import { Thread } from "./thread";
import type { PanelState, TurnView } from "./wire";

const EXAMPLES = [
  "a red ball crosses the beach at sunset",
  "a rocket rises from the desert at night",
  "three scenes: a boat at sea; it sails away; the sea at night",
];
const NO_ANSWER = "the kernel has not answered yet: a running cell may hold it up";

type PanelModel = RenderProps<PanelState>["model"];

class Panel {
  readonly el: HTMLElement;
  #channel: PanelChannel;
  #store: Store;
  #thread: Thread;
  #composer: Composer;
  #empty = h("div", { class: "nba-empty" });
  #about = h("span", { class: "nba-about" });
  #status = h("p", { class: "nba-loading", role: "status" });

  constructor(model: PanelModel, signal: AbortSignal) {
    this.#channel = new Channel(model, signal);
    this.#store = new Store(model, this.#channel, signal);
    this.#thread = new Thread(this.#store, this.#empty, signal);
    this.#composer = new Composer({
      say: (line) => this.#say(line),
      stop: () => void this.#stop(),
      history: () => this.#store.turns.map(typed),
    });
    this.#fillEmpty();
    this.el = h(
      "section",
      {
        class: "nba-panel",
        "aria-label": "nbagent chat",
        "data-lm-suppress-shortcuts": "true",
      },
      h("header", { class: "nba-top" }, this.#about),
      this.#status,
      this.#thread.el,
      this.#composer.el,
    );
    // The attribute is JupyterLab's; other hosts listen further out.
    this.el.addEventListener("keydown", (event) => event.stopPropagation());
    const about = () => this.#showSettings(model);
    const traits = ["conversation", "render_model"] as const;
    for (const trait of traits) model.on(`change:${trait}`, about);
    signal.addEventListener("abort", () => {
      for (const trait of traits) model.off(`change:${trait}`, about);
    });
    this.#store.listen(() => this.#update());
    about();
    this.#update();
    void this.#load();
  }

  async #load(): Promise<void> {
    setText(this.#status, "fetching the conversation");
    this.#empty.hidden = true;
    try {
      await this.#store.load(() => setText(this.#status, NO_ANSWER));
      setText(this.#status, "");
    } catch (error) {
      setText(this.#status, lineOf(error));
    }
    this.#update();
  }

  #showSettings(model: PanelModel): void {
    setText(this.#about, model.get("render_model"));
    this.#about.title = `Renders new clips of ${model.get("conversation")}`;
  }

  #update(): void {
    this.#empty.hidden = !this.#thread.isEmpty || this.#status.textContent !== "";
    this.#composer.setBusy(this.#store.turns.some((turn) => turn.state === "running"));
  }

  async #say(line: string): Promise<boolean> {
    const waiting = this.#thread.wait(line);
    this.#update();
    try {
      await this.#channel.request({ type: "say", line }, () => waiting.say(NO_ANSWER));
      return true;
    } catch (error) {
      this.#composer.say(lineOf(error));
      return false;
    } finally {
      waiting.end();
      this.#update();
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#channel.request({ type: "stop" }, () =>
        this.#composer.say("kernel not reachable: use the notebook's stop button"),
      );
      this.#composer.say("");
    } catch (error) {
      this.#composer.say(lineOf(error));
    }
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

function typed(turn: TurnView): string {
  return turn.options ? `${turn.options} ${turn.words}` : turn.words;
}

function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Props = Pick<RenderProps<PanelState>, "model" | "el" | "signal">;

function render({ model, el, signal }: Props): void {
  el.append(new Panel(model, signal).el);
  // Its place is laid out after this; a frame later it has a width.
  requestAnimationFrame(() => requestAnimationFrame(() => widen(el)));
}

export default { render };

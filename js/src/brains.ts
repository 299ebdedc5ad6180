// What reads the turns: the reader alone, or one of the language models connected.

import { act } from "./act";
import { h } from "./dom";
import type { PanelChannel } from "./store";
import { lineOf } from "./text";

export class BrainMenu {
  readonly el = h("select", {
    class: "nba-model",
    "aria-label": "Read by",
    title: "What reads your turns; %nbagent use brain=PROVIDER:MODEL connects another",
  });
  #channel: PanelChannel;
  #say: (text: string) => void;

  constructor(channel: PanelChannel, say: (text: string) => void) {
    this.#channel = channel;
    this.#say = say;
    // A cell may have connected one since.
    this.el.addEventListener("focus", () => void this.#fill());
    this.el.addEventListener("pointerenter", () => void this.#fill());
    this.el.addEventListener("change", () => void this.#use(this.el.value));
    this.#show(["reader"]);
  }

  #show(brains: string[]): void {
    const options = brains.map((name) => h("option", { value: name }, name));
    this.el.replaceChildren(...options);
  }

  async #fill(): Promise<void> {
    try {
      const { reply } = await this.#channel.request({ type: "get_brains" });
      if (reply.type === "brains") this.#show(reply.brains);
    } catch (error) {
      this.#say(lineOf(error));
    }
  }

  async #use(brain: string): Promise<void> {
    const body = { type: "use_brain", brain } as const;
    if (!(await act(this.#channel, body, this.#say))) void this.#fill();
  }
}

// What could be said of the clip in front, as buttons that say it.

import { h } from "./dom";
import type { Host } from "./host";

export class NextSteps {
  readonly el = h("div", { class: "nba-next", role: "group", "aria-label": "Next" });
  #host: Host;
  #say: (words: string) => Promise<unknown>;
  #name = "";
  #isSeen = false;

  constructor(host: Host, say: (words: string) => Promise<unknown>) {
    this.#host = host;
    this.#say = say;
    // Finding out takes the kernel a moment: not for every card of a long notebook.
    const sight = new IntersectionObserver((seen) => {
      this.#isSeen = seen.some((entry) => entry.isIntersecting);
      this.update();
    });
    sight.observe(host.stage);
    host.signal.addEventListener("abort", () => sight.disconnect());
  }

  update(): void {
    const shown = this.#host.shown();
    const name = shown?.state === "done" ? shown.name : "";
    if (name === this.#name || !this.#isSeen) return;
    this.#name = name;
    this.el.replaceChildren();
    if (name) void this.#fetch(name);
  }

  async #fetch(name: string): Promise<void> {
    try {
      const { reply } = await this.#host.channel.request({ type: "get_next", name });
      if (reply.type !== "next" || name !== this.#name) return;
      this.el.replaceChildren(...reply.steps.map((words) => this.#chip(words)));
    } catch {
      // An idea is a courtesy: the line below it takes any words.
    }
  }

  #chip(words: string): HTMLElement {
    const chip = h("button", { type: "button", class: "nba-idea" }, words);
    chip.title = `Run "${words}"`;
    chip.addEventListener("click", async () => {
      chip.disabled = true;
      await this.#say(words);
      chip.disabled = false;
    });
    return chip;
  }
}

// All that is recorded of the clip in front, and the code that makes it again.

import { h, setText } from "./dom";
import type { Host } from "./host";
import { lineOf } from "./text";
import type { Tool } from "./toolbox";
import type { DetailsReply } from "./wire";

const COPIED_MS = 1500;

export class Details implements Tool {
  isOpen = false;
  #host: Host;
  #below: HTMLElement;
  #name = "";
  #el = h("section", { class: "nba-details", "aria-label": "Details" });

  constructor(host: Host, below: HTMLElement) {
    this.#host = host;
    this.#below = below;
  }

  open(): void {
    this.isOpen = true;
    this.#below.append(this.#el);
    this.update();
  }

  close(): void {
    this.isOpen = false;
    this.#name = "";
    this.#el.remove();
  }

  update(): void {
    const name = this.#host.shown()?.name;
    if (!name || name === this.#name) return;
    this.#name = name;
    void this.#fetch(name);
  }

  key(): boolean {
    return false;
  }

  async #fetch(name: string): Promise<void> {
    try {
      const { reply } = await this.#host.channel.request({ type: "get_details", name });
      if (reply.type === "details" && name === this.#name) this.#show(reply);
    } catch (error) {
      setText(this.#el, lineOf(error));
    }
  }

  #show({ facts, magic, python }: DetailsReply): void {
    const rows = facts.flatMap(({ label, value }) => [
      h("dt", {}, label),
      h("dd", {}, value),
    ]);
    this.#el.replaceChildren(
      h("dl", {}, ...rows),
      code("In a cell", magic),
      code("In Python", python),
    );
  }
}

function code(title: string, text: string): HTMLElement {
  const copy = h("button", { type: "button", class: "nba-button nba-end" }, "Copy");
  copy.setAttribute("aria-label", `Copy: ${title.toLowerCase()}`);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    setText(copy, "Copied");
    setTimeout(() => setText(copy, "Copy"), COPIED_MS);
  });
  return h(
    "figure",
    { class: "nba-code" },
    h("figcaption", {}, title, copy),
    h("pre", { tabindex: 0 }, text),
  );
}

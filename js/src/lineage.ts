// Where the clip in front comes from, and what was made of it: a strip of clips.

import { h, setText } from "./dom";
import type { GuestClip } from "./guest";
import type { Host } from "./host";
import { lineOf } from "./text";
import type { Tool } from "./toolbox";
import type { NodeView } from "./wire";

export class Lineage implements Tool {
  isOpen = false;
  #host: Host;
  #below: HTMLElement;
  #guest: GuestClip;
  #name = "";
  #urls: string[] = [];
  #said = h("p", { role: "status" });
  #strip = h("div", { class: "nba-strip" });
  #el = h("section", { class: "nba-lineage", "aria-label": "Lineage" });

  constructor(host: Host, below: HTMLElement, guest: GuestClip) {
    this.#host = host;
    this.#below = below;
    this.#guest = guest;
    this.#el.append(this.#strip, this.#said);
    host.signal.addEventListener("abort", () => this.#forget());
  }

  open(): void {
    this.isOpen = true;
    this.#name = "";
    this.#below.append(this.#el);
    this.update();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.#guest.mode === "view") this.#guest.clear();
    this.#el.remove();
    this.#forget();
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
      const body = { type: "get_lineage", name } as const;
      const { reply, buffers } = await this.#host.channel.request(body);
      if (reply.type !== "lineage" || name !== this.#name) return;
      this.#forget();
      this.#urls = buffers.map((poster) =>
        URL.createObjectURL(new Blob([poster as DataView<ArrayBuffer>])),
      );
      this.#show(reply.path, reply.children);
    } catch (error) {
      setText(this.#said, lineOf(error));
    }
  }

  #show(path: NodeView[], children: NodeView[]): void {
    const cards = [...path, ...children].map((node, at) => this.#card(node, at));
    const below = h("ul", {}, ...cards.slice(path.length));
    below.setAttribute("aria-label", "Made of it");
    const items = cards.slice(0, path.length);
    if (children.length) items.push(h("li", { class: "nba-children" }, below));
    this.#strip.replaceChildren(h("ol", { "aria-label": "From the first" }, ...items));
    this.#sayWhere();
    this.#strip.querySelector("[aria-current]")?.scrollIntoView?.({
      block: "nearest",
      inline: "center",
    });
  }

  #sayWhere(): void {
    const front = this.#host.front()?.take.name;
    this.#said.replaceChildren();
    if (!front || front === this.#name) return;
    const text = `You look at ${this.#name}: what you refine starts from it.`;
    const back = h(
      "button",
      { type: "button", class: "nba-button nba-end" },
      `Back to ${front}`,
    );
    back.addEventListener("click", () => this.#guest.clear());
    this.#said.append(text, back);
  }

  #card(node: NodeView, at: number): HTMLElement {
    const { take, request, operation, changes } = node;
    // Cut to two lines each in the strip; the whole is one look away.
    const title = `${operation}: ${changes.join(", ")}`;
    const edge = h("span", { class: "nba-change", title });
    edge.append(...changes.map((change) => h("span", {}, change)));
    const poster = h("img", { alt: "", src: this.#urls[at] ?? "" });
    const card = h(
      "button",
      { type: "button", class: "nba-card-clip" },
      poster,
      h("span", {}, h("b", {}, take.name), h("small", {}, request)),
    );
    card.title = request;
    if (take.name === this.#name) card.setAttribute("aria-current", "true");
    card.addEventListener("click", () => void this.#look(node));
    return h("li", {}, ...(changes.length ? [edge] : []), card);
  }

  async #look({ take, request }: NodeView): Promise<void> {
    if (take.name === this.#name) return;
    try {
      // The one in front is under its guest: it need not come again.
      if (take.name === this.#host.front()?.take.name) this.#guest.clear();
      else await this.#guest.show(take, "view", request);
    } catch (error) {
      setText(this.#said, lineOf(error));
    }
  }

  #forget(): void {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
  }
}

// Two clips side by side, on one clock: which is better is seen, not remembered.

import { iconButton } from "./card";
import { h } from "./dom";
import { fileOf, isStill } from "./file";
import type { TakeView } from "./wire";

const CLOSE =
  "M3.5 2.4L8 6.9l4.5-4.5 1.1 1.1L9.1 8l4.5 4.5-1.1 1.1L8 9.1l-4.5 4.5-1.1-1.1L6.9 8 2.4 3.5z";

interface Hooks {
  fetch: (take: TakeView) => Promise<DataView | undefined>;
  /** Turn the box to one of them. */
  reply: (name: string) => void;
}

export class Pair {
  readonly el = h("section", { class: "nba-pair", hidden: true, tabindex: -1 });
  #hooks: Hooks;
  #urls: string[] = [];

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
    this.el.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  async open(takes: TakeView[]): Promise<void> {
    this.close();
    const close = iconButton("Close the comparison", CLOSE);
    close.addEventListener("click", () => this.close());
    const sides = await Promise.all(takes.map((take) => this.#side(take)));
    this.el.setAttribute(
      "aria-label",
      `Compare ${takes.map((t) => t.name).join(" with ")}`,
    );
    this.el.replaceChildren(h("div", { class: "nba-pair-clips" }, ...sides), close);
    this.el.hidden = false;
    this.el.focus();
    const videos = [...this.el.querySelectorAll("video")];
    const [lead, other] = videos;
    // The second follows the first: each plays by a clock of its own, and drifts.
    if (lead && other) {
      lead.addEventListener("timeupdate", () => {
        const wanted = Math.min(lead.currentTime, other.duration || 0);
        if (Math.abs(other.currentTime - wanted) > 0.15) other.currentTime = wanted;
      });
    }
    for (const video of videos) void video.play()?.catch(() => undefined);
  }

  close(): void {
    this.el.hidden = true;
    this.el.replaceChildren();
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
  }

  async #side(take: TakeView): Promise<HTMLElement> {
    const bytes = await this.#hooks.fetch(take);
    const reply = h("button", { type: "button", class: "nba-pill" }, "Reply");
    reply.setAttribute("aria-label", `Reply to ${take.name}`);
    reply.addEventListener("click", () => this.#hooks.reply(take.name));
    return h(
      "figure",
      {},
      ...(bytes ? [this.#picture(bytes)] : []),
      h(
        "figcaption",
        {},
        h("span", { class: "nba-name" }, take.name),
        h("span", {}, take.prompt),
        reply,
      ),
    );
  }

  #picture(bytes: DataView): HTMLElement {
    const file = fileOf(bytes);
    const src = URL.createObjectURL(file);
    this.#urls.push(src);
    if (isStill(file)) return h("img", { src, alt: "" });
    const video = h("video", { src, loop: true, playsinline: true });
    video.muted = true;
    return video;
  }
}

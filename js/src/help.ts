// All keys, over the player.

import { h } from "./dom";
import type { Host } from "./host";
import type { Tool } from "./toolbox";

const KEYS: [group: string, keys: [key: string, does: string][]][] = [
  [
    "Play",
    [
      ["space", "play, pause"],
      ["← →", "one frame back, on"],
      ["home end", "first, last frame"],
      ["l", "loop"],
      ["< >", "slower, faster"],
      ["1 … 9", "choose a take"],
    ],
  ],
  [
    "Look",
    [
      ["a", "compare"],
      [", .", "move the wipe"],
      ["t", "lineage"],
      ["d", "details and code"],
      ["z", "pixels as they are"],
      ["f", "full screen"],
    ],
  ],
  [
    "Change",
    [
      ["r", "refine in words"],
      ["p", "point at a part"],
      ["i o", "the span begins, ends here"],
      ["x", "clear what is pointed at"],
      ["s", "save"],
      ["c", "cancel the render"],
      ["h", "pause what is being rendered, and resume it"],
      ["k", "keep it as it looks now"],
      ["esc", "close what is open"],
    ],
  ],
];

export class Help implements Tool {
  isOpen = false;
  #host: Host;
  #close = h("button", { type: "button", class: "nba-button nba-end" }, "Close");
  #el = h("div", {
    class: "nba-help",
    role: "dialog",
    "aria-modal": "true",
    "aria-label": "Keys",
  });

  constructor(host: Host) {
    this.#host = host;
    const groups = KEYS.map(([title, keys]) =>
      h("section", {}, h("h3", {}, title), h("dl", {}, ...keys.flatMap(row))),
    );
    this.#el.append(h("div", { class: "nba-help-keys" }, ...groups), this.#close);
    this.#close.addEventListener("click", () => host.root.dispatchEvent(escapeKey()));
    // The only control inside: the focus stays here until it is closed.
    this.#el.addEventListener("keydown", (event) => {
      if (event.key === "Tab") event.preventDefault();
    });
  }

  open(): void {
    this.isOpen = true;
    this.#host.root.append(this.#el);
    this.#close.focus();
  }

  close(): void {
    this.isOpen = false;
    this.#el.remove();
    this.#host.root.focus();
  }

  update(): void {}

  key(): boolean {
    return false;
  }
}

function row([key, does]: [key: string, does: string]): HTMLElement[] {
  return [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)];
}

function escapeKey(): KeyboardEvent {
  return new KeyboardEvent("keydown", { key: "Escape" });
}

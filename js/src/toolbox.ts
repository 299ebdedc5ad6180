// The row of tools beside the picture: which is open, and which key is whose.

import { Compare } from "./compare";
import { Details } from "./details";
import { bringToFront, h, icon, keyButton } from "./dom";
import { GuestClip } from "./guest";
import { Help } from "./help";
import type { Host } from "./host";
import { Lineage } from "./lineage";
import { Point } from "./point";
import type { Selections } from "./selections";

/** One tool: shown or not, and told when the clip in front is another. */
export interface Tool {
  isOpen: boolean;
  open(): void;
  close(): void;
  update(): void;
  key(key: string): boolean;
}

const PIXELS = "M2 2h6v6H2zM8 8h6v6H8z";
const FULL = "M2 2h5v2H4v3H2zM9 2h5v5h-2V4H9zM2 9h2v3h3v2H2zM12 9h2v5H9v-2h3z";

interface Entry {
  tool: Tool;
  key: string;
  button: HTMLButtonElement;
  /** Whether it needs a picture on the stage. */
  isVisual: boolean;
}

export class Toolbox {
  readonly el = h("div", {
    class: "nba-tools",
    role: "toolbar",
    "aria-label": "Tools",
  });
  #host: Host;
  #guest: GuestClip;
  #compare: Tool;
  #lineage: Tool;
  #entries: Entry[] = [];
  #pixels = keyButton("Show the pixels as they are", "z", icon(PIXELS));
  #full = keyButton("Full screen", "f", icon(FULL));

  constructor(host: Host, below: HTMLElement, selections: Selections) {
    this.#host = host;
    this.#guest = new GuestClip(host);
    this.#compare = new Compare(host, below, this.#guest);
    this.#lineage = new Lineage(host, below, this.#guest);
    const point = new Point(host, below, selections);
    this.#add(point, "p", "Point", "Point at a time and a place", true);
    this.#add(this.#compare, "a", "Compare", "Compare with another clip", true);
    this.#add(
      this.#lineage,
      "t",
      "Lineage",
      "Lineage: where it comes from, and what came of it",
    );
    this.#add(new Details(host, below), "d", "Details", "Details and code");
    this.#pixels.addEventListener("click", () => this.#togglePixels());
    this.#pixels.setAttribute("aria-pressed", "false");
    this.#full.addEventListener("click", () => this.#toggleFull());
    this.el.append(this.#pixels, this.#full);
    this.#add(new Help(host), "?", "?", "All keys");
  }

  update(): void {
    const shown = this.#host.shown();
    const isSeen = shown?.state === "done" || shown?.has_draft === true;
    // Another clip was chosen while a guest stood in its place.
    if (this.#guest.isStale) this.#guest.clear();
    for (const { tool, button, isVisual } of this.#entries) {
      button.hidden = isVisual && !isSeen;
      if (tool.isOpen) tool.update();
    }
  }

  key(key: string): boolean {
    if (key === "z") this.#togglePixels();
    else if (key === "f") this.#toggleFull();
    else if (key === "Escape") return this.#closeLast();
    else {
      const entry = this.#entries.find((one) => one.key === key && !one.button.hidden);
      if (!entry) return this.#entries.some(({ tool }) => tool.isOpen && tool.key(key));
      this.#toggle(entry);
    }
    return true;
  }

  #add(tool: Tool, key: string, text: string, label: string, isVisual = false): void {
    const button = keyButton(label, key, text);
    button.setAttribute("aria-pressed", "false");
    const entry = { tool, key, button, isVisual };
    button.addEventListener("click", () => this.#toggle(entry));
    this.#entries.push(entry);
    this.el.append(button);
  }

  #toggle({ tool }: Entry): void {
    if (!tool.isOpen) {
      // Both show a second clip on the stage, and there is one.
      if (tool === this.#compare) this.#lineage.close();
      if (tool === this.#lineage) this.#compare.close();
      tool.open();
    } else tool.close();
    this.#showOpen();
  }

  #closeLast(): boolean {
    const entry = this.#entries.findLast(({ tool }) => tool.isOpen);
    entry?.tool.close();
    this.#showOpen();
    return entry !== undefined;
  }

  #showOpen(): void {
    for (const { tool, button } of this.#entries) {
      button.setAttribute("aria-pressed", String(tool.isOpen));
    }
  }

  #togglePixels(): void {
    const isOn = this.#host.root.classList.toggle("nba-pixels");
    this.#pixels.setAttribute("aria-pressed", String(isOn));
  }

  #toggleFull(): void {
    const { root, screen } = this.#host;
    const page = root.ownerDocument;
    if (page.fullscreenElement) void page.exitFullscreen();
    else {
      bringToFront(root, screen);
      void screen.requestFullscreen();
    }
  }
}

// Where a clip can go: the kernel writes it beside the notebook, or the browser keeps it.

import type { Channel } from "./channel";
import { h, icon, keyButton } from "./dom";
import { SAVE_FORMATS, type SaveFormat } from "./wire";

const ICON = "M7 1h2v6h3l-4 4.5L4 7h3zM2 13h12v2H2z";

/** The take in front, as the menu needs it. */
export interface Saved {
  index: number;
  name: string;
  file: Blob | undefined;
}

export class SaveMenu {
  readonly el: HTMLElement;
  #button = keyButton("Save", "s", icon(ICON));
  #menu = h("div", {
    class: "nba-menu",
    role: "menu",
    "aria-label": "Save",
    hidden: true,
  });
  #channel: Channel;
  #take: () => Saved;
  #say: (text: string) => void;

  constructor(
    channel: Channel,
    take: () => Saved,
    say: (text: string) => void,
    signal: AbortSignal,
  ) {
    this.#channel = channel;
    this.#take = take;
    this.#say = say;
    this.#button.setAttribute("aria-haspopup", "menu");
    this.#button.addEventListener("click", () => this.toggle());
    this.#menu.append(h("div", { class: "nba-menu-title" }, "Beside the notebook"));
    for (const format of SAVE_FORMATS) {
      const label = format === "png" ? "png frames" : format;
      this.#item(label, () => void this.#save(format));
    }
    this.#menu.append(h("hr"));
    this.#item("download", () => this.#download());
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    const root = this.#button.ownerDocument;
    const onOutside = (event: Event) => {
      if (!event.composedPath().includes(this.el)) this.#open(false);
    };
    root.addEventListener("pointerdown", onOutside, { signal });
    this.el = h("div", { class: "nba-save" }, this.#button, this.#menu);
    this.#open(false);
  }

  toggle(): void {
    this.#open(Boolean(this.#menu.hidden));
    if (this.#menu.hidden) this.#button.focus();
    else this.#menu.querySelector("button")?.focus();
  }

  #open(open: boolean): void {
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }

  #item(label: string, act: () => void): void {
    const item = h("button", { type: "button", role: "menuitem", tabindex: -1 }, label);
    item.addEventListener("click", () => {
      this.toggle();
      act();
    });
    this.#menu.append(item);
  }

  #onKey(event: KeyboardEvent): void {
    const items = [...this.#menu.querySelectorAll("button")];
    const at = items.indexOf(event.target as HTMLButtonElement);
    const goals: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + items.length,
      Home: 0,
      End: items.length - 1,
    };
    const goal = goals[event.key];
    if (goal !== undefined) items[goal % items.length]?.focus();
    else if (event.key === "Escape" || event.key === "s") this.toggle();
    else if (event.key === "Tab") this.#open(false);
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }

  async #save(format: SaveFormat): Promise<void> {
    const { index, name } = this.#take();
    this.#say(`saving ${name} as ${format}`);
    try {
      const { reply } = await this.#channel.request(
        { type: "save", index, format },
        () => this.#say(`kernel not reachable: ${name} is not saved yet`),
      );
      if (reply.type === "saved") this.#say(`saved ${reply.path}`);
    } catch (error) {
      this.#say(`not saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #download(): void {
    const { name, file } = this.#take();
    if (!file) return;
    const url = URL.createObjectURL(file);
    const suffix = file.type === "video/mp4" ? "mp4" : "jpg";
    h("a", { href: url, download: `${name}.${suffix}` }).click();
    // The browser reads the address after this task: take it back a little later.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

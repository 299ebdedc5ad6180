// Where a clip can go: the kernel writes it beside the notebook, or the browser keeps it.

import { h, icon, keep, keyButton } from "./dom";
import type { Host } from "./host";
import { lineOf } from "./text";
import { SAVE_FORMATS, type SaveFormat } from "./wire";

const ICON = "M7 1h2v6h3l-4 4.5L4 7h3zM2 13h12v2H2z";
const LABELS: Partial<Record<SaveFormat, string>> = {
  png: "png frames",
  html: "one web page",
  json: "recipe",
};
const MENU_KEYS = ["ArrowDown", "ArrowUp", "Home", "End"];

export class SaveMenu {
  readonly el: HTMLElement;
  #button = keyButton("Save", "s", icon(ICON));
  #menu = h("div", {
    class: "nba-menu",
    role: "menu",
    "aria-label": "Save",
    hidden: true,
  });
  #host: Host;

  constructor(host: Host) {
    this.#host = host;
    this.#button.setAttribute("aria-haspopup", "menu");
    this.#button.addEventListener("click", () => this.toggle());
    this.#fill("Beside the notebook", "save", (format) => this.#save(format));
    this.#fill("Download", "download", (format) => this.#download(format));
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    const root = this.#button.ownerDocument;
    const onOutside = (event: Event) => {
      const path = event.composedPath();
      if (![this.el, this.#menu].some((own) => path.includes(own))) this.#open(false);
    };
    root.addEventListener("pointerdown", onOutside, { signal: host.signal });
    this.el = h("div", { class: "nba-save" }, this.#button);
    // In the flow of the card: a cell's output cuts off what hangs out of it.
    host.foot.after(this.#menu);
    this.#open(false);
  }

  get #name(): string {
    return this.#host.shown()?.name ?? "clip";
  }

  toggle(): void {
    this.#open(Boolean(this.#menu.hidden));
    const first = this.#menu.querySelector("button");
    (this.#menu.hidden ? this.#button : first)?.focus();
    if (!this.#menu.hidden) this.#menu.scrollIntoView({ block: "nearest" });
  }

  #open(open: boolean): void {
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }

  #fill(title: string, verb: string, act: (format: SaveFormat) => Promise<void>): void {
    const group = h("div", { role: "group", "aria-label": title });
    group.append(h("div", { class: "nba-menu-title" }, title));
    for (const format of SAVE_FORMATS) {
      const label = LABELS[format] ?? format;
      const item = h(
        "button",
        { type: "button", role: "menuitem", tabindex: -1 },
        label,
      );
      item.setAttribute("aria-label", `${verb} ${label}`);
      item.addEventListener("click", () => {
        this.toggle();
        act(format).catch((error) => this.#host.say(`not saved: ${lineOf(error)}`));
      });
      group.append(item);
    }
    this.#menu.append(group);
  }

  #onKey(event: KeyboardEvent): void {
    const items = [...this.#menu.querySelectorAll("button")];
    const at = items.indexOf(event.target as HTMLButtonElement);
    const goals = [at + 1, at - 1 + items.length, 0, items.length - 1];
    const goal = goals[MENU_KEYS.indexOf(event.key)];
    if (goal !== undefined) items[goal % items.length]?.focus();
    else if (event.key === "Escape" || event.key === "s") this.toggle();
    else if (event.key === "Tab") this.#open(false);
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }

  async #save(format: SaveFormat): Promise<void> {
    const name = this.#name;
    this.#host.say(`saving ${name} as ${LABELS[format] ?? format}`);
    const { reply } = await this.#host.channel.request(
      { type: "save", name, format },
      () => this.#host.say(`kernel not reachable: ${name} is not saved yet`),
    );
    if (reply.type === "saved") this.#host.say(`saved ${reply.path}`);
  }

  async #download(format: SaveFormat): Promise<void> {
    const [name, file] = [this.#name, this.#host.file()];
    if (format === "mp4" && file?.type === "video/mp4") {
      keep(file, `${name}.mp4`); // it is here already, and needs no kernel
      return;
    }
    this.#host.say(`making ${LABELS[format] ?? format}`);
    const body = { type: "get_file", name, format } as const;
    const { reply, bytes } = await this.#host.channel.request(body);
    if (reply.type !== "file" || !bytes) return;
    keep(new Blob([bytes as DataView<ArrayBuffer>]), reply.file_name);
    this.#host.say("");
  }
}

// A and B: another clip over or beside the one in front, frame by frame.

import { h, setText } from "./dom";
import type { GuestClip, Mode } from "./guest";
import type { Host } from "./host";
import { lineOf } from "./text";
import type { Tool } from "./toolbox";
import type { TakeView } from "./wire";

const MODES: [mode: Exclude<Mode, "view">, label: string][] = [
  ["wipe", "Wipe"],
  ["side", "Side by side"],
  ["difference", "Difference"],
];
const STEP = 0.05;

export class Compare implements Tool {
  isOpen = false;
  #host: Host;
  #below: HTMLElement;
  #guest: GuestClip;
  #name = "";
  #mode: Exclude<Mode, "view"> = "wipe";
  #others = new Map<string, TakeView>();
  #bar = h("div", { class: "nba-compare", role: "group", "aria-label": "Compare" });
  #choice = h("select", { class: "nba-speed", "aria-label": "Compare with" });
  #modes = new Map<Mode, HTMLButtonElement>();
  #share = h("input", {
    type: "range",
    class: "nba-wipe",
    min: 0,
    max: 1,
    step: 0.01,
    value: 0.5,
    "aria-label": "Wipe",
  });
  #edge = h("div", { class: "nba-edge", "aria-hidden": "true" });
  #said = h("p", { role: "status" });

  constructor(host: Host, below: HTMLElement, guest: GuestClip) {
    this.#host = host;
    this.#below = below;
    this.#guest = guest;
    this.#bar.append(h("label", {}, "with ", this.#choice));
    for (const [mode, label] of MODES) {
      const button = h("button", { type: "button", class: "nba-button" }, label);
      button.addEventListener("click", () => this.#place(mode));
      this.#modes.set(mode, button);
      this.#bar.append(button);
    }
    this.#bar.append(this.#share, this.#said);
    this.#choice.addEventListener("change", () => void this.#show());
    this.#share.addEventListener("input", () => this.#wipe());
    this.#edge.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  open(): void {
    this.#guest.clear(); // one that was looked at: what is compared is in front again
    this.isOpen = true;
    this.#below.prepend(this.#bar);
    this.#name = "";
    this.update();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#guest.clear();
    this.#edge.remove();
    this.#bar.remove();
  }

  update(): void {
    const front = this.#host.front();
    if (!front) return;
    if (front.take.name !== this.#name) {
      this.#name = front.take.name;
      void this.#find();
    } else if (this.#guest.take && this.#guest.mode !== "view") {
      this.#guest.place(this.#mode); // the tile may have another size now
    }
  }

  key(key: string): boolean {
    if (this.#mode !== "wipe" || (key !== "," && key !== ".")) return false;
    this.#share.valueAsNumber += key === "," ? -STEP : STEP;
    this.#wipe();
    return true;
  }

  /** List what it can be compared with: its parents first, the next before the rest. */
  async #find(): Promise<void> {
    const name = this.#name;
    this.#guest.clear();
    setText(this.#said, "");
    try {
      const body = { type: "get_lineage", name } as const;
      const { reply } = await this.#host.channel.request(body);
      if (reply.type !== "lineage" || name !== this.#name) return;
      const parents = reply.path.map(({ take }) => take).reverse();
      const takes = this.#host.takes().filter(({ state }) => state === "done");
      const children = reply.children.map(({ take }) => take);
      this.#others = new Map(
        [...parents, ...takes, ...children]
          .filter((take) => take.name !== name)
          .map((take) => [take.name, take]),
      );
    } catch (error) {
      setText(this.#said, lineOf(error));
      return;
    }
    const options = [...this.#others.values()].map((take) =>
      h("option", { value: take.name }, `${take.name}: ${take.prompt.slice(0, 40)}`),
    );
    this.#choice.replaceChildren(...options);
    const isAlone = this.#others.size === 0;
    for (const el of this.#bar.children) (el as HTMLElement).hidden = isAlone;
    this.#said.hidden = false;
    if (isAlone)
      setText(this.#said, "There is no other clip of it yet: refine it first.");
    else await this.#show();
  }

  async #show(): Promise<void> {
    const take = this.#others.get(this.#choice.value);
    if (!take) return;
    try {
      await this.#guest.show(take, this.#mode);
      this.#place(this.#mode);
    } catch (error) {
      setText(this.#said, lineOf(error));
    }
  }

  #place(mode: Exclude<Mode, "view">): void {
    this.#mode = mode;
    this.#guest.place(mode);
    for (const [one, button] of this.#modes) {
      button.setAttribute("aria-pressed", String(one === mode));
    }
    this.#share.hidden = mode !== "wipe";
    if (mode === "wipe") this.#host.front()?.tile.append(this.#edge);
    else this.#edge.remove();
    this.#wipe();
  }

  #wipe(): void {
    const share = this.#share.valueAsNumber;
    this.#guest.wipe(share);
    this.#edge.style.left = `${share * 100}%`;
  }

  #drag(down: PointerEvent): void {
    const tile = this.#edge.parentElement;
    if (!tile || down.button !== 0) return;
    down.preventDefault();
    this.#edge.setPointerCapture(down.pointerId);
    const ends = new AbortController();
    const { signal } = ends;
    const onMove = (event: PointerEvent) => {
      const { left, width } = tile.getBoundingClientRect();
      this.#share.valueAsNumber = (event.clientX - left) / width;
      this.#wipe();
    };
    this.#edge.addEventListener("pointermove", onMove, { signal });
    this.#edge.addEventListener("lostpointercapture", () => ends.abort(), { signal });
  }
}

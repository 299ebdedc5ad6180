// What waits for the engine: positions, and another order.

import { h, setText } from "./dom";
import type { PanelChannel, Store } from "./store";
import { lineOf } from "./text";
import type { TakePlace } from "./wire";

export class Queue {
  readonly el = h("section", { class: "nba-queue", "aria-label": "Queue" });
  #store: Store;
  #channel: PanelChannel;
  #say: (text: string) => void;
  #head = h("p", { class: "nba-queue-head", role: "status" });
  #list = h("ol", {});

  constructor(store: Store, channel: PanelChannel, say: (text: string) => void) {
    this.#store = store;
    this.#channel = channel;
    this.#say = say;
    this.el.append(this.#head, this.#list);
    store.listen((change) => {
      if (!("model" in change)) this.#update();
    });
    this.#update();
  }

  #update(): void {
    const { queue } = this.#store;
    // One that waits alone is next, and its player says that it is queued.
    this.el.hidden = queue.length < 2;
    setText(this.#head, `${queue.length} clips wait for the renderer`);
    const wanted = JSON.stringify(queue);
    if (this.#list.dataset.order === wanted) return;
    this.#list.dataset.order = wanted;
    const focused = this.#list.querySelector<HTMLElement>(":focus")?.dataset.key;
    this.#list.replaceChildren(...queue.map((place, at) => this.#row(place, at)));
    if (focused) {
      this.#list.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
    }
  }

  #row(place: TakePlace, at: number): HTMLElement {
    const turn = this.#store.get(place.turn);
    const name = turn?.takes[place.index]?.name ?? "";
    const key = `${place.turn}-${place.index}`;
    const up = this.#button(`Move ${name} up`, "↑", `${key}-up`, () =>
      this.#ask({ type: "move", ...place, to: at - 1 }),
    );
    const down = this.#button(`Move ${name} down`, "↓", `${key}-down`, () =>
      this.#ask({ type: "move", ...place, to: at + 1 }),
    );
    const end = this.#button(`Cancel ${name}`, "×", `${key}-end`, () =>
      this.#ask({ type: "cancel", ...place }),
    );
    up.disabled = at === 0;
    down.disabled = at === this.#store.queue.length - 1;
    return h(
      "li",
      {},
      h("span", { class: "nba-queue-at" }, String(at + 1)),
      h("span", { class: "nba-name" }, name),
      h("span", { class: "nba-queue-words" }, turn?.words ?? ""),
      up,
      down,
      end,
    );
  }

  #button(
    label: string,
    sign: string,
    key: string,
    act: () => void,
  ): HTMLButtonElement {
    const button = h("button", { type: "button", class: "nba-button", title: label });
    button.append(sign);
    button.setAttribute("aria-label", label);
    button.dataset.key = key;
    button.addEventListener("click", act);
    return button;
  }

  async #ask(body: Parameters<PanelChannel["request"]>[0]): Promise<void> {
    try {
      await this.#channel.request(body);
    } catch (error) {
      this.#say(lineOf(error));
    }
  }
}

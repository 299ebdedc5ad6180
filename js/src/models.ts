// Which model renders new clips; the list is fetched when it is first wanted.

import { act } from "./act";
import { h } from "./dom";
import type { PanelChannel, Store } from "./store";
import { lineOf } from "./text";
import type { ModelView } from "./wire";

export class ModelMenu {
  readonly el = h("select", {
    class: "nba-model",
    "aria-label": "Model",
    title: "The model that renders new clips",
  });
  #store: Store;
  #channel: PanelChannel;
  #say: (text: string) => void;
  #isFull = false;

  constructor(store: Store, channel: PanelChannel, say: (text: string) => void) {
    this.#store = store;
    this.#channel = channel;
    this.#say = say;
    this.el.addEventListener("focus", () => void this.#fill());
    this.el.addEventListener("pointerenter", () => void this.#fill());
    this.el.addEventListener("change", () => void this.#use(this.el.value));
    store.listen((change) => {
      if ("model" in change) this.#show(change.model);
    });
  }

  #show(model: string): void {
    const known = [...this.el.options].some((option) => option.value === model);
    if (!known && model) this.el.prepend(h("option", { value: model }, model));
    this.el.value = model;
  }

  async #fill(): Promise<void> {
    if (this.#isFull) return;
    this.#isFull = true;
    try {
      const { reply } = await this.#channel.request({ type: "get_models" });
      if (reply.type !== "models") return;
      const { models } = reply;
      this.el.replaceChildren(
        group(
          "on this machine",
          models.filter(({ here, fits }) => here && fits),
        ),
        group(
          "to be downloaded",
          models.filter(({ here, fits }) => !here && fits),
        ),
        group(
          "too large for this machine",
          models.filter(({ fits }) => !fits),
        ),
      );
      this.#show(this.#store.model);
    } catch (error) {
      this.#isFull = false;
      this.#say(lineOf(error));
    }
  }

  async #use(model: string): Promise<void> {
    const body = { type: "use_model", model } as const;
    // An error names the command that downloads the model.
    if (!(await act(this.#channel, body, this.#say))) this.#show(this.#store.model);
  }
}

function group(label: string, models: ModelView[]): HTMLElement {
  // One that does not fit can still be the one in use: it is shown, and not offered.
  const options = models.map(({ name, fits }) =>
    h("option", { value: name, disabled: !fits }, name),
  );
  return h("optgroup", { label, hidden: models.length === 0 }, ...options);
}

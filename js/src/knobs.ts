// What is chosen most often, as a row of lists under the box. Each writes what it means
// into the box, as an option or as words: what is sent is what is read there.

import { h } from "./dom";
import { phraseOf, split, withOption, withoutFlag, withPhrase } from "./line";
import type { PanelChannel, Store } from "./store";

const SHAPE = /\b(?:16:9|9:16|1:1|4:3|3:4|21:9)\b/;
const LENGTH = /\b\d+(?:\.\d+)? s\b/;

const SHAPES = ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"];
const LENGTHS = ["1 s", "2 s", "4 s", "6 s", "8 s", "10 s"];
const TAKES = ["2", "3", "4", "6", "9"];

export class Knobs {
  readonly el = h("div", {
    class: "nba-knobs",
    role: "group",
    "aria-label": "Options",
  });
  #line: () => string;
  #write: (line: string) => void;
  #channel: PanelChannel;
  #store: Store;
  #shape = list("Shape", "shape", SHAPES);
  #length = list("Length", "length", LENGTHS);
  #quality = list("Quality", "final", ["draft"]);
  #takes = list("Takes", "1 take", TAKES, (count) => `${count} takes`);
  #model = list("Model of this clip", "model", []);
  #isFull = false;

  constructor(
    line: () => string,
    write: (line: string) => void,
    channel: PanelChannel,
    store: Store,
  ) {
    this.#line = line;
    this.#write = write;
    this.#channel = channel;
    this.#store = store;
    this.#on(this.#shape, (text, value) => withPhrase(text, SHAPE, value));
    this.#on(this.#length, (text, value) => withPhrase(text, LENGTH, value));
    this.#on(this.#quality, (text, value) => {
      const bare = withoutFlag(withoutFlag(text, "draft"), "final");
      return value ? withOption(bare, value, true) : bare;
    });
    this.#on(this.#takes, (text, value) => withOption(text, "takes", value));
    this.#on(this.#model, (text, value) => withOption(text, "model", value));
    this.#model.addEventListener("focus", () => void this.#fill());
    this.#model.addEventListener("pointerenter", () => void this.#fill());
    this.el.append(this.#shape, this.#length, this.#quality, this.#takes, this.#model);
    store.listen((change) => {
      if ("model" in change) this.#nameModel();
    });
    this.update();
  }

  /** Show what the box says. */
  update(): void {
    const { options, words } = split(this.#line());
    const stated = (name: string) =>
      new RegExp(`(?:^|\\s)--${name}(?:=|\\s+)(\\S+)`).exec(options)?.[1] ?? "";
    set(this.#shape, phraseOf(words, SHAPE));
    set(this.#length, phraseOf(words, LENGTH));
    set(this.#quality, /(?:^|\s)--draft\b/.test(options) ? "draft" : "");
    set(this.#takes, stated("takes"));
    set(this.#model, stated("model"));
  }

  #on(knob: HTMLSelectElement, change: (text: string, value: string) => string): void {
    knob.addEventListener("change", () =>
      this.#write(change(this.#line(), knob.value)),
    );
  }

  #nameModel(): void {
    const [usual] = this.#model.options;
    if (usual) usual.textContent = this.#store.model || "model";
  }

  async #fill(): Promise<void> {
    if (this.#isFull) return;
    this.#isFull = true;
    try {
      const { reply } = await this.#channel.request({ type: "get_models" });
      if (reply.type !== "models") return;
      const known = new Set([...this.#model.options].map(({ value }) => value));
      for (const { name, why_not } of reply.models) {
        if (known.has(name) || name === this.#store.model) continue;
        const option = h("option", { value: name, disabled: why_not !== "" }, name);
        option.title = why_not;
        this.#model.append(option);
      }
    } catch {
      this.#isFull = false; // asked again when it is wanted again
    }
  }
}

function list(
  label: string,
  usual: string,
  values: string[],
  said = (value: string) => value,
): HTMLSelectElement {
  return h(
    "select",
    { class: "nba-chip nba-knob", "aria-label": label, title: label },
    h("option", { value: "" }, usual),
    ...values.map((value) => h("option", { value }, said(value))),
  );
}

/** Choose a value, which may be none of the list's own. */
function set(knob: HTMLSelectElement, value: string): void {
  const isThere = [...knob.options].some((option) => option.value === value);
  if (!isThere) knob.append(h("option", { value }, value));
  knob.value = value;
  knob.classList.toggle("nba-chosen", value !== "");
}

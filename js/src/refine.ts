// The box that says what should be different about the clip in front.

import { h, setText } from "./dom";
import type { Host } from "./host";
import { type Selections, selectionText } from "./selections";
import { lineOf } from "./text";

export class RefineBox {
  readonly el: HTMLFormElement;
  #host: Host;
  #selections: Selections;
  #words = h("input", { type: "text", class: "nba-words-box", autocomplete: "off" });
  #part = h("button", { type: "button", class: "nba-part", hidden: true });
  #send = h("button", { class: "nba-button nba-go" }, "Refine");
  #said = h("p", { role: "status" });

  constructor(host: Host, selections: Selections, clear: () => void) {
    this.#host = host;
    this.#selections = selections;
    this.#part.addEventListener("click", clear);
    this.#words.setAttribute("aria-keyshortcuts", "r");
    this.#part.setAttribute("aria-keyshortcuts", "x");
    this.#send.setAttribute("aria-keyshortcuts", "Enter");
    this.#words.addEventListener("keydown", (event) => {
      event.stopPropagation(); // what is typed is no command
      if (event.key === "Escape") host.root.focus();
    });
    this.el = h(
      "form",
      { class: "nba-refine" },
      h("div", { class: "nba-refine-row" }, this.#part, this.#words, this.#send),
      this.#said,
    );
    this.el.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#refine();
    });
  }

  focus(): void {
    this.#words.focus();
  }

  update(): void {
    const name = this.#host.shown()?.name ?? "";
    const part = selectionText(this.#selections.current);
    this.#part.hidden = part === "";
    setText(this.#part, part && `${part} ×`);
    this.#part.ariaBusy = String(!this.#selections.isTold);
    this.#part.title = "Only this changes; click to change all of it (x)";
    this.#part.setAttribute("aria-label", `Only ${part || "a part"} changes: clear`);
    const label = part ? `What should be in this part of ${name}` : `Refine ${name}`;
    this.#words.setAttribute("aria-label", label);
    const idea = this.#host.deck.clip ? "slower, at night" : "at night, or let it move";
    this.#words.placeholder = part ? "what should be here?" : `refine ${name}: ${idea}`;
  }

  async #refine(): Promise<void> {
    const words = this.#words.value.trim();
    if (!words || this.#send.disabled) {
      this.#words.focus();
      return;
    }
    const name = this.#host.shown()?.name ?? "";
    this.#send.disabled = true;
    setText(this.#said, "reading your words");
    try {
      const { reply } = await this.#host.channel.request(
        { type: "refine", name, words, ...this.#selections.current },
        () => setText(this.#said, "kernel not reachable: it is said when it answers"),
      );
      if (reply.type === "refined") {
        setText(this.#said, reply.line);
        if (reply.turn !== null) this.#words.value = "";
      }
    } catch (error) {
      setText(this.#said, lineOf(error));
    }
    this.#send.disabled = false;
  }
}

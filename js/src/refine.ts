// The box that says what should be different about the clip in front.

import { h, setText } from "./dom";
import type { Host } from "./host";
import { type Selection, type Selections, selectionText } from "./selections";
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

  /** Say something of the clip in front, and where it went. */
  say(words: string): Promise<boolean> {
    const { current } = this.#selections;
    return say(this.#host, words, current, (line) => setText(this.#said, line));
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
    this.#words.placeholder = part ? "what should be here?" : "say what should change";
  }

  async #refine(): Promise<void> {
    const words = this.#words.value.trim();
    if (!words || this.#send.disabled) {
      this.#words.focus();
      return;
    }
    this.#send.disabled = true;
    if (await this.say(words)) this.#words.value = "";
    this.#send.disabled = false;
  }
}

/** Say something of the clip that is looked at; whether a turn came of it. */
export async function say(
  host: Host,
  words: string,
  part: Selection,
  tell: (line: string) => void,
): Promise<boolean> {
  const name = host.shown()?.name ?? "";
  tell("reading your words");
  try {
    const { reply } = await host.channel.request(
      { type: "refine", name, words, ...part },
      () => tell("kernel not reachable: it is said when it answers"),
    );
    tell(reply.type === "refined" ? reply.line : "");
    return reply.type === "refined" && reply.turn !== null;
  } catch (error) {
    tell(lineOf(error));
    return false;
  }
}

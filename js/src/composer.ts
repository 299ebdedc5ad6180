// Where a turn is typed: Enter sends, Shift+Enter breaks the line, ↑ brings back what
// was said before.

import { h, icon, setText } from "./dom";

const SEND = "M8 2l5.5 5.5-1.4 1.4L9 5.8V14H7V5.8L3.9 8.9 2.5 7.5z";

interface Hooks {
  /** Say a line; false if it did not arrive, and the words are wanted back. */
  say: (line: string) => Promise<boolean>;
  stop: () => void;
  /** What was said before, newest last. */
  history: () => string[];
}

export class Composer {
  readonly el: HTMLElement;
  readonly box = h("textarea", {
    rows: 1,
    class: "nba-box",
    placeholder: "Describe a clip, or a change",
    "aria-label": "Message",
    "aria-describedby": "",
    spellcheck: true,
  });
  #hooks: Hooks;
  #send = h("button", { type: "button", class: "nba-send" }, icon(SEND));
  #stop = h("button", { type: "button", class: "nba-stop" }, "Stop");
  #line = h("p", { class: "nba-line", role: "alert" });
  #back = 0; // how far ↑ has gone
  #draft = "";

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
    this.#send.setAttribute("aria-label", "Send");
    this.#send.title = "Send (Enter)";
    this.#stop.title = "Stop everything that is being rendered";
    this.#stop.hidden = true;
    this.#send.addEventListener("click", () => void this.submit());
    this.#stop.addEventListener("click", () => hooks.stop());
    this.box.addEventListener("input", () => this.#onInput());
    this.box.addEventListener("keydown", (event) => this.#onKey(event));
    this.el = h(
      "div",
      { class: "nba-composer" },
      this.#line,
      h(
        "div",
        { class: "nba-field" },
        this.box,
        h("div", { class: "nba-tools" }, this.#stop, this.#send),
      ),
    );
    this.#onInput();
  }

  /** Put words into the box, ready to be changed. */
  write(words: string): void {
    this.box.value = words;
    this.#onInput();
    this.box.focus();
    this.box.setSelectionRange(words.length, words.length);
  }

  /** Say something about the box itself: why a turn could not be sent. */
  say(text: string): void {
    setText(this.#line, text);
  }

  setBusy(isBusy: boolean): void {
    this.#stop.hidden = !isBusy;
  }

  async submit(): Promise<void> {
    const line = this.box.value.trim();
    if (!line) return;
    this.box.value = "";
    this.#onInput();
    this.#back = 0;
    this.say("");
    const arrived = await this.#hooks.say(line);
    if (!arrived && !this.box.value) this.write(line);
  }

  #onInput(): void {
    this.#send.disabled = this.box.value.trim() === "";
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing) return; // Enter chooses a word of the input method
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.submit();
    } else if (event.key === "ArrowUp" && this.#atStart()) {
      if (this.#recall(1)) event.preventDefault();
    } else if (event.key === "ArrowDown" && this.#back > 0) {
      if (this.#recall(-1)) event.preventDefault();
    }
  }

  #atStart(): boolean {
    const { selectionStart, selectionEnd, value } = this.box;
    return selectionStart === selectionEnd && (value === "" || selectionStart === 0);
  }

  #recall(by: 1 | -1): boolean {
    const said = this.#hooks.history();
    const back = this.#back + by;
    if (back < 0 || back > said.length) return false;
    if (this.#back === 0) this.#draft = this.box.value;
    this.#back = back;
    this.write(back === 0 ? this.#draft : (said[said.length - back] ?? ""));
    if (back > 0) this.box.setSelectionRange(0, 0); // so that ↑ goes on
    return true;
  }
}

// Where a turn is typed: Enter sends, Shift+Enter breaks the line, ↑ brings back what
// was said before, Escape ends the change of an earlier turn.

import { h, icon, setText } from "./dom";
import { takeDrops } from "./drops";
import { Knobs } from "./knobs";
import { split } from "./line";
import { PlanChips } from "./plan";
import { aboutText } from "./reply";
import type { PanelChannel, Store } from "./store";
import { Suggestions } from "./suggest";
import type { About } from "./wire";

const SEND = "M8 2l5.5 5.5-1.4 1.4L9 5.8V14H7V5.8L3.9 8.9 2.5 7.5z";
const PLACEHOLDER = "Describe a clip, or a change";
/** The plan is asked for when typing rests. */
export const REST_MS = 350;

interface Hooks {
  /** Say a line; false if it did not arrive, and the words are wanted back. */
  say: (line: string, replaces: number | null, about: About | null) => Promise<boolean>;
  stop: () => void;
  /** What was said before, newest last. */
  history: () => string[];
}

export class Composer {
  readonly el: HTMLElement;
  readonly box = h("textarea", {
    rows: 1,
    class: "nba-box",
    placeholder: PLACEHOLDER,
    "aria-label": "Message",
  });
  #channel: PanelChannel;
  #hooks: Hooks;
  #send = h("button", { type: "button", class: "nba-send" }, icon(SEND));
  #stop = h("button", { type: "button", class: "nba-pill" }, "Stop");
  #line = h("p", { class: "nba-line", role: "alert" });
  #editing = h("p", { class: "nba-editing" });
  #reply = h("button", { type: "button", class: "nba-reply", hidden: true }, "Reply");
  #plan = new PlanChips(
    () => this.box.value,
    (line) => this.#rewrite(line),
  );
  #knobs: Knobs;
  #suggestions = new Suggestions(this.box, () => this.#onInput());
  #back = 0; // how far ↑ has gone
  #draft = "";
  #replaces: number | null = null;
  #about: About | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(channel: PanelChannel, store: Store, hooks: Hooks) {
    this.#channel = channel;
    this.#hooks = hooks;
    this.#send.setAttribute("aria-label", "Send");
    this.#send.title = "Send (Enter)";
    this.#stop.title = "Stop everything that is being rendered";
    this.#stop.hidden = true;
    this.#send.addEventListener("click", () => void this.submit());
    this.#stop.addEventListener("click", () => hooks.stop());
    this.box.addEventListener("input", () => this.#onInput());
    this.box.addEventListener("keydown", (event) => this.#onKey(event));
    this.box.addEventListener("blur", () => this.#suggestions.close());
    this.#editing.hidden = true;
    this.#knobs = new Knobs(
      () => this.box.value,
      (line) => this.#rewrite(line),
      channel,
      store,
    );
    this.#reply.addEventListener("click", () => this.reply(null));
    const field = h(
      "div",
      { class: "nba-field" },
      this.#suggestions.el,
      this.#editing,
      this.#reply,
      this.box,
      this.#plan.el,
      h("div", { class: "nba-acts" }, this.#knobs.el, this.#stop, this.#send),
    );
    takeDrops(field, channel, {
      insert: (word) => this.insert(word),
      say: (text) => this.say(text),
    });
    this.el = h("div", { class: "nba-composer" }, this.#line, field);
    this.#fit();
  }

  /** Put words into the box, ready to be changed. */
  write(words: string): void {
    this.box.value = words;
    this.box.focus();
    this.box.setSelectionRange(words.length, words.length);
    this.#onInput();
  }

  /** Put a word where the caret is. */
  insert(word: string): void {
    const { selectionStart: at, value } = this.box;
    const space = at > 0 && !/\s/.test(value[at - 1] ?? " ") ? " " : "";
    this.box.setRangeText(`${space}${word} `, at, this.box.selectionEnd, "end");
    this.box.focus();
    this.#onInput();
  }

  /** Change an earlier turn: what is sent next takes its place. */
  edit(turn: number, line: string): void {
    this.#replaces = turn;
    this.reply(null, false);
    const back = h("button", { type: "button", class: "nba-link" }, "Cancel");
    back.addEventListener("click", () => this.#leaveEdit(true));
    this.#editing.replaceChildren("Editing an earlier turn; its clips are replaced ");
    this.#editing.append(back);
    this.#editing.hidden = false;
    this.write(line);
  }

  /** Let what is sent next change this clip, or this part of it; null is any. */
  reply(about: About | null, isWanted = true): void {
    this.#about = about;
    this.#reply.hidden = about === null;
    const text = about ? aboutText(about) : "";
    setText(this.#reply, text && `${text} ×`);
    this.#reply.title = "Take this away: any clip may be meant (Escape)";
    this.box.placeholder = about ? "What should be different?" : PLACEHOLDER;
    if (isWanted) this.box.focus();
    this.#onInput();
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
    const [replaces, about] = [this.#replaces, this.#about];
    this.#leaveEdit(true);
    this.reply(null, false);
    this.#back = 0;
    this.say("");
    const arrived = await this.#hooks.say(line, replaces, about);
    if (arrived || this.box.value) return;
    if (about) this.reply(about);
    if (replaces === null) this.write(line);
    else this.edit(replaces, line);
  }

  #leaveEdit(empties: boolean): void {
    this.#replaces = null;
    this.#editing.hidden = true;
    if (empties) this.box.value = "";
    this.#onInput();
  }

  // A chip has changed an option: the box says so, and the chip keeps the focus.
  #rewrite(line: string): void {
    this.box.value = line;
    this.#onInput();
  }

  #onInput(): void {
    this.#fit();
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.#knobs.update();
    const text = this.box.value;
    if (!split(text).words.trim()) {
      this.#plan.show(undefined);
      this.#suggestions.close();
      return;
    }
    void this.#complete();
    this.#rest = setTimeout(() => void this.#foresee(), REST_MS);
  }

  #fit(): void {
    this.#send.disabled = this.box.value.trim() === "";
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
  }

  async #complete(): Promise<void> {
    const line = this.box.value.slice(0, this.box.selectionStart);
    if (!/(?:^|\s)--[\w-]*$|@\w*$/.test(line)) {
      this.#suggestions.close();
      return;
    }
    const asked = this.#asked;
    const answer = await this.#quietly({ type: "complete", line });
    const reply = answer?.reply;
    if (reply?.type !== "completed" || asked !== this.#asked) return;
    const pictures = reply.pictures.map((at) =>
      at === null ? undefined : answer?.buffers[at],
    );
    this.#suggestions.show(reply.start, reply.words, pictures);
  }

  async #foresee(): Promise<void> {
    const asked = this.#asked;
    const line = this.box.value;
    const answer = await this.#quietly({
      type: "get_plan",
      line,
      replaces: this.#replaces,
      about: this.#about,
    });
    if (asked !== this.#asked) return; // something else is in the box by now
    const reply = answer?.reply;
    this.#plan.show(reply?.type === "plan" ? reply : undefined);
  }

  // While something is half typed, what is wrong with it is no news.
  async #quietly(body: Parameters<PanelChannel["request"]>[0]) {
    try {
      return await this.#channel.request(body);
    } catch {
      return undefined;
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing) return; // Enter chooses a word of the input method
    if (!event.shiftKey && this.#suggestions.press(event.key)) {
      if (event.key === "Enter" || event.key === "Tab") this.#onInput();
    } else if (!this.#act(event.key, event.shiftKey)) {
      return;
    }
    event.preventDefault();
  }

  #act(key: string, hasShift: boolean): boolean {
    if (key === "Enter" && !hasShift) {
      void this.submit();
      return true;
    }
    if (key === "Escape" && this.#replaces !== null) {
      this.#leaveEdit(true);
      return true;
    }
    if (key === "Escape" && this.#about) {
      this.reply(null);
      return true;
    }
    if (key === "ArrowUp" && this.#atStart()) return this.#recall(1);
    return key === "ArrowDown" && this.#back > 0 && this.#recall(-1);
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

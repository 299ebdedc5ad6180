// In the panel there is one box to write in. A clip there has a button that turns that box
// to it, with the part that is pointed at.

import { h, setLabel, setText } from "./dom";
import type { Host } from "./host";
import { say } from "./refine";
import { type Selection, type Selections, selectionText } from "./selections";
import type { About } from "./wire";

/** What a player of the panel tells the box, by an event that rises to it. */
export const REPLY = "nba-reply";

export interface Reply {
  about: About;
  /** Whether the box is wanted now, or only to know another part. */
  isWanted: boolean;
}

export class ReplyButton {
  readonly el = h("button", { type: "button", class: "nba-button nba-go" });
  #host: Host;
  #selections: Selections;
  #told: Selection;

  constructor(host: Host, selections: Selections) {
    this.#host = host;
    this.#selections = selections;
    this.#told = selections.current;
    this.el.addEventListener("click", () => this.focus());
  }

  /** Take the panel's box for this clip. */
  focus(): void {
    this.#tell(true);
  }

  /** Say something of this clip without the box. */
  say(words: string): Promise<boolean> {
    const { current } = this.#selections;
    return say(this.#host, words, current, (line) => this.#host.say(line));
  }

  update(): void {
    const name = this.#host.shown()?.name ?? "";
    setText(this.el, "Reply");
    setLabel(this.el, `Reply to ${name}`, "r");
    // What is pointed at is meant for the box, wherever the pointer was.
    if (this.#selections.current !== this.#told) this.#tell(false);
  }

  #tell(isWanted: boolean): void {
    const name = this.#host.shown()?.name ?? "";
    this.#told = this.#selections.current;
    const detail: Reply = { about: { name, ...this.#told }, isWanted };
    this.el.dispatchEvent(new CustomEvent(REPLY, { bubbles: true, detail }));
  }
}

/** What is replied to, as the chip over the box says it. */
export function aboutText({ name, span, region }: About): string {
  const part = selectionText({ span, region } as Selection);
  return [`Reply to ${name}`, part].filter(Boolean).join(", only ");
}

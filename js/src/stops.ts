// The buttons that end a render, halt it, or let it go on, and their keys.

import type { Channel, WithoutId } from "./channel";
import { h, keyButton, setLabel, setText } from "./dom";
import { canKeep, isGoing, lineOf } from "./text";
import type { Cancel, GoOn, Keep, Pause, Resume, TakeView } from "./wire";

type Stop = Cancel | GoOn | Keep | Pause | Resume;

export class Stops {
  readonly el: HTMLElement;
  #channel: Channel;
  #say: (text: string) => void;
  #cancel = keyButton("Cancel", "c", "Cancel");
  #pause = keyButton("Pause the render", "h", "Pause");
  #keep = keyButton("Keep it as it looks now", "k", "Keep");
  #front: TakeView | undefined;
  #index = 0;

  constructor(channel: Channel, say: (text: string) => void) {
    this.#channel = channel;
    this.#say = say;
    this.#cancel.addEventListener("click", () => this.#stop());
    this.#pause.addEventListener("click", () => this.#haltOrGoOn());
    this.#keep.addEventListener("click", () => this.#keepIt());
    const buttons = [this.#pause, this.#keep, this.#cancel];
    for (const button of buttons) button.classList.add("nba-end");
    this.el = h("span", { class: "nba-stops" }, ...buttons);
  }

  /** Offer what can be done; `shown` is the take in front, or a guest in its place. */
  update(takes: TakeView[], index: number, shown: TakeView | undefined): void {
    this.#front = takes[index];
    this.#index = index;
    this.#cancel.hidden = !takes.some(isGoing);
    this.#keep.hidden = !shown || !canKeep(shown);
    this.#pause.hidden = !shown || shown.state === "done";
    const verb = VERBS[shown?.state ?? ""] ?? "Pause";
    setText(this.#pause, verb);
    // The clip has a Pause of its own.
    setLabel(this.#pause, shown?.state === "failed" ? verb : `${verb} the render`, "h");
  }

  /** Act on a key; false if it means nothing now. */
  key(key: string): boolean {
    if (key === "c" && !this.#cancel.hidden) this.#stop();
    else if (key === "h" && !this.#pause.hidden) this.#haltOrGoOn();
    else if (key === "k" && !this.#keep.hidden) this.#keepIt();
    else return false;
    return true;
  }

  #stop(): void {
    void this.#ask(this.#cancel, { type: "cancel", index: null });
  }

  #keepIt(): void {
    void this.#ask(this.#keep, { type: "keep", index: this.#index });
  }

  #haltOrGoOn(): void {
    const [take, index] = [this.#front, this.#index];
    if (!take) return;
    if (take.state === "paused") void this.#ask(this.#pause, { type: "resume", index });
    else if (isGoing(take)) void this.#ask(this.#pause, { type: "pause", index });
    else void this.#ask(this.#pause, { type: "go_on", name: take.name });
  }

  /** Send what a button stands for; it rests until the kernel has answered. */
  async #ask(button: HTMLButtonElement, body: WithoutId<Stop>): Promise<void> {
    if (button.hidden || button.disabled) return;
    button.disabled = true;
    this.#say("");
    try {
      await this.#channel.request(body, () => {
        button.disabled = false;
        this.#say("kernel not reachable: use the notebook's stop button");
      });
    } catch (error) {
      this.#say(lineOf(error));
    }
    button.disabled = false;
  }
}

/** What goes on with a take that has halted. */
const VERBS: Record<string, string> = {
  paused: "Resume",
  cancelled: "Resume",
  failed: "Try again",
};

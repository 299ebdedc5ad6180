// The controls under the stage, and those for a closer look. They show the deck and act on it; they own nothing.

import { type Deck, SPEEDS } from "./deck";
import { h, icon, keyButton, setLabel, setText } from "./dom";

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M3 3h2v10H3zM13 3v10L6 8z",
  next: "M11 3h2v10h-2zM3 3v10l7-5z",
  loop: "M4 4h7V2l3.5 3L11 8V6H5v3H3V5a1 1 0 0 1 1-1zM12 12H5v2l-3.5-3L5 8v2h6V7h2v4a1 1 0 0 1-1 1z",
};

export class Transport {
  readonly el: HTMLElement;
  #deck: Deck;
  #toggle = keyButton("Play", "Space", icon(ICONS.play));
  readonly scrub = h("input", {
    type: "range",
    min: 0,
    step: 1,
    class: "nba-scrub",
    "aria-label": "Frame",
    "aria-keyshortcuts": "ArrowLeft ArrowRight Home End",
    title: "Frame (← → home end)",
  });
  /** What is used less often than playing: it stands with the tools. */
  readonly row = h("div", { class: "nba-row" });
  #counter = h("span", { class: "nba-counter" });
  #speed = h("select", { class: "nba-speed" });
  #loop = keyButton("Loop", "l", icon(ICONS.loop));
  #icon: "play" | "pause" = "play";

  constructor(deck: Deck) {
    this.#deck = deck;
    const back = keyButton("Back one frame", "ArrowLeft", icon(ICONS.back));
    const next = keyButton("On one frame", "ArrowRight", icon(ICONS.next));
    this.#toggle.addEventListener("click", () => deck.toggle());
    back.addEventListener("click", () => void deck.step(-1));
    next.addEventListener("click", () => void deck.step(1));
    this.scrub.addEventListener("input", () => {
      void deck.seek(this.scrub.valueAsNumber);
    });
    setLabel(this.#speed, "Speed", "< >");
    for (const speed of SPEEDS) {
      this.#speed.append(h("option", { value: speed }, `${speed}×`));
    }
    this.#speed.addEventListener("change", () => {
      deck.setSpeed(Number(this.#speed.value));
    });
    this.#loop.addEventListener("click", () => deck.setLoop(!deck.loop));
    this.row.append(back, next, this.#speed, this.#loop);
    this.el = h(
      "div",
      { class: "nba-transport" },
      this.#toggle,
      h("div", { class: "nba-track" }, this.scrub),
      this.#counter,
    );
  }

  /** Show the deck's state; a single image can be saved and nothing else. */
  update(isStill: boolean): void {
    const { clip, frame, playing, speed, loop } = this.#deck;
    this.el.hidden = clip === undefined;
    this.row.hidden = clip === undefined && !isStill;
    this.row.classList.toggle("nba-still", clip === undefined);
    if (!clip) return;
    const last = clip.numFrames - 1;
    this.scrub.max = String(last);
    this.scrub.value = String(frame);
    this.scrub.style.setProperty("--part", String(last > 0 ? frame / last : 0));
    const time = (frame / clip.fps).toFixed(2);
    this.scrub.setAttribute(
      "aria-valuetext",
      `frame ${frame + 1} of ${clip.numFrames}`,
    );
    setText(this.#counter, `${frame + 1} / ${clip.numFrames}`);
    this.#counter.title = `${time} s`;
    this.#speed.value = String(speed);
    this.#loop.setAttribute("aria-pressed", String(loop));
    const shown = playing ? "pause" : "play";
    if (shown !== this.#icon) {
      this.#icon = shown;
      this.#toggle.replaceChildren(icon(ICONS[shown]));
      setLabel(this.#toggle, playing ? "Pause" : "Play", "Space");
    }
  }
}

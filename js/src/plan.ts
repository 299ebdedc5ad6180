// What the words in the box would do, while they are still being typed. Each chip that
// can be changed writes its option into the box: what is sent is what is read there.

import { h, setText } from "./dom";
import { withOption, withoutFlag } from "./line";
import { seconds } from "./text";
import type { PanelReply } from "./wire";

type Plan = Extract<PanelReply, { type: "plan" }>;

export class PlanChips {
  readonly el = h("div", { class: "nba-plan", role: "group", "aria-label": "Plan" });
  #line: () => string;
  #write: (line: string) => void;
  #does = h("span", { class: "nba-chip nba-does" });
  #seed = numberChip("Seed", 0, 2 ** 32 - 1);
  #takes = numberChip("Takes", 1, 16);
  #quality = h("select", { class: "nba-chip", "aria-label": "Quality" });
  #size = h("span", { class: "nba-chip" });
  #time = h("span", { class: "nba-chip" });
  #note = h("p", { class: "nba-foreseen" });

  constructor(line: () => string, write: (line: string) => void) {
    this.#line = line;
    this.#write = write;
    for (const name of ["draft", "final"]) {
      this.#quality.append(h("option", { value: name }, name));
    }
    this.#seed.input.addEventListener("change", () => this.#set("seed", this.#seed));
    this.#takes.input.addEventListener("change", () => this.#set("takes", this.#takes));
    this.#quality.addEventListener("change", () => {
      const bare = withoutFlag(withoutFlag(this.#line(), "draft"), "final");
      this.#write(withOption(bare, this.#quality.value, true));
    });
    this.el.append(
      this.#does,
      this.#seed.el,
      this.#takes.el,
      this.#quality,
      this.#size,
      this.#time,
      this.#note,
    );
    this.show(undefined);
  }

  show(plan: Plan | undefined): void {
    this.el.hidden = plan === undefined;
    if (!plan) return;
    const { take } = plan;
    setText(this.#does, plan.does);
    this.#does.title = take?.prompt ?? "";
    setText(this.#note, plan.note);
    for (const chip of [this.#seed.el, this.#takes.el, this.#quality, this.#size]) {
      chip.hidden = take === null;
    }
    // What is made at once says so already.
    this.#time.hidden = plan.estimate_s === null || plan.estimate_s < 0.05;
    setText(this.#time, `about ${seconds(plan.estimate_s ?? 0)}`);
    if (!take) return;
    this.#seed.show(take.seed);
    this.#takes.show(plan.num_takes);
    this.#quality.value = take.quality;
    setText(
      this.#size,
      `${take.width}×${take.height} · ${take.num_frames} frames · ${take.num_steps} steps`,
    );
  }

  #set(option: string, chip: NumberChip): void {
    this.#write(withOption(this.#line(), option, chip.input.value));
  }
}

type NumberChip = ReturnType<typeof numberChip>;

function numberChip(label: string, min: number, max: number) {
  const input = h("input", { type: "number", min, max, step: 1, "aria-label": label });
  const el = h("label", { class: "nba-chip" }, label.toLowerCase(), input);
  const show = (value: number) => {
    if (document.activeElement !== input) input.value = String(value);
    input.style.width = `${String(value).length + 1}ch`;
  };
  return { el, input, show };
}

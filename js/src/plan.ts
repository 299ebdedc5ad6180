// What the words in the box would do, while they are still being typed. Each chip that
// can be changed writes its option into the box: what is sent is what is read there.

import { h, setText } from "./dom";
import { withOption } from "./line";
import { seconds } from "./text";
import type { PanelReply } from "./wire";

type Plan = Extract<PanelReply, { type: "plan" }>;

export class PlanChips {
  readonly el = h("div", { class: "nba-plan", role: "group", "aria-label": "Plan" });
  #line: () => string;
  #write: (line: string) => void;
  #does = h("span", { class: "nba-chip nba-does" });
  #seed = numberChip("Seed", 0, 2 ** 32 - 1);
  #size = h("span", { class: "nba-chip" });
  #time = h("span", { class: "nba-chip" });
  #note = h("p", { class: "nba-foreseen" });

  constructor(line: () => string, write: (line: string) => void) {
    this.#line = line;
    this.#write = write;
    this.#seed.input.addEventListener("change", () => this.#set("seed", this.#seed));
    this.el.append(this.#does, this.#seed.el, this.#size, this.#time, this.#note);
    this.show(undefined);
  }

  show(plan: Plan | undefined): void {
    this.el.hidden = plan === undefined;
    if (!plan) return;
    const { take } = plan;
    setText(this.#does, [plan.does, takesText(plan)].filter(Boolean).join(" · "));
    this.#does.title = take?.prompt ?? "";
    setText(this.#note, plan.note);
    for (const chip of [this.#seed.el, this.#size]) chip.hidden = take === null;
    // What is made at once says so already.
    this.#time.hidden = plan.estimate_s === null || plan.estimate_s < 0.05;
    setText(this.#time, `about ${seconds(plan.estimate_s ?? 0)}`);
    if (!take) return;
    this.#seed.show(take.seed);
    setText(
      this.#size,
      `${take.width}×${take.height} · ${take.num_frames} frames · ${take.num_steps} steps`,
    );
  }

  #set(option: string, chip: NumberChip): void {
    this.#write(withOption(this.#line(), option, chip.input.value));
  }
}

function takesText({ take, num_takes: count }: Plan): string {
  const takes = count > 1 ? `${count} takes` : "";
  return [takes, take?.quality === "draft" ? "draft" : ""].filter(Boolean).join(", ");
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

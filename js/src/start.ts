// The gallery of `%nbagent start`: examples to run or to put into a cell, words to build a
// turn from, and what can be connected on this machine.

import type { RenderProps } from "@anywidget/types";
import { hasCells, insertBelow, insertCells } from "./cells";
import { Channel, KernelError, type Line } from "./channel";
import { h, setText } from "./dom";
import { followUps } from "./player";
import type { ExampleView, StartReply, StartRequest, StartState } from "./wire";

type Props = Pick<RenderProps<StartState>, "model" | "el" | "signal">;

const COPIED_MS = 1500;

function render({ model, el, signal }: Props): void {
  const view = new StartView(model, signal);
  el.append(view.el);
  insertCells(model, model.widget_manager, signal);
  followUps(model, model.widget_manager, el, signal);
}

class StartView {
  el: HTMLElement;
  #model: Props["model"];
  #channel: Channel<StartRequest, StartReply>;
  #said = h("p", { class: "nba-start-said", role: "status" });

  constructor(model: Props["model"], signal: AbortSignal) {
    this.#model = model;
    this.#channel = new Channel<StartRequest, StartReply>(
      model as unknown as Line<StartRequest>,
      signal,
    );
    const examples = model.get("examples");
    const pictures = examples.map(({ title }) => h("img", { alt: title }));
    void this.#fill(pictures);
    this.el = h(
      "section",
      {
        class: "nba-start nba-live",
        "aria-label": "Examples to start with",
        "data-lm-suppress-shortcuts": "true",
      },
      h(
        "ul",
        { class: "nba-tiles" },
        ...examples.map((example, index) =>
          this.#tile(example, pictures[index] as HTMLImageElement),
        ),
      ),
      this.#builder(),
      this.#around(),
      this.#said,
    );
  }

  async #fill(pictures: HTMLImageElement[]): Promise<void> {
    const { buffers } = await this.#channel.request({ type: "get_pictures" });
    buffers.forEach((buffer, index) => {
      const bytes = new Blob([buffer as DataView<ArrayBuffer>], { type: "image/webp" });
      const picture = pictures[index];
      if (picture) picture.src = URL.createObjectURL(bytes);
    });
  }

  #tile({ title, cell, turn }: ExampleView, picture: HTMLImageElement): HTMLElement {
    const buttons = [this.#copy(title, cell)];
    if (hasCells(this.#model.widget_manager))
      buttons.unshift(this.#toCell(title, () => cell));
    if (turn) buttons.unshift(this.#run(title, () => turn));
    return h(
      "li",
      {},
      picture,
      h("b", {}, title),
      h("pre", {}, cell),
      h("div", { class: "nba-start-row" }, ...buttons),
    );
  }

  /** Words of pocket's, of which one of each group makes a turn. */
  #builder(): HTMLElement {
    const chosen = new Map<string, string>();
    const line = h("input", {
      type: "text",
      "aria-label": "The turn",
      placeholder: "Choose words below, or type your own",
    });
    const groups = Object.entries(this.#model.get("palette"));
    const compose = () => {
      const words = groups.map(([group]) => chosen.get(group)).filter(Boolean);
      line.value = words.join(" ");
    };
    const rows = groups.map(([group, words]) => {
      const chips = words.map((word) => {
        const chip = h("button", { type: "button", "aria-pressed": "false" }, word);
        chip.addEventListener("click", () => {
          const isOn = chosen.get(group) === word;
          for (const other of chips) other.setAttribute("aria-pressed", "false");
          if (isOn) chosen.delete(group);
          else chosen.set(group, word);
          chip.setAttribute("aria-pressed", String(!isOn));
          compose();
        });
        return chip;
      });
      return h(
        "div",
        { class: "nba-start-words", role: "group", "aria-label": group },
        h("b", {}, group),
        ...chips,
      );
    });
    const row = h(
      "div",
      { class: "nba-start-row" },
      line,
      this.#run("your turn", () => line.value.trim()),
    );
    if (hasCells(this.#model.widget_manager))
      row.append(this.#toCell("your turn", () => `%agent ${line.value.trim()}`));
    return h(
      "details",
      {},
      h("summary", {}, "What pocket draws: build a turn from its words"),
      row,
      ...rows,
    );
  }

  #around(): HTMLElement {
    const found = h("div", {}, "Looking at what this machine has …");
    const connect = this.#button(
      "Connect a language model",
      "Connect a language model",
      async () => {
        const { reply } = await this.#channel.request({ type: "connect" });
        if (reply.type === "ran") setText(this.#said, reply.line);
      },
    );
    const details = h(
      "details",
      {},
      h("summary", {}, "Connect a GPU model or a language model"),
      found,
      h("div", { class: "nba-start-row" }, connect),
    );
    details.addEventListener("toggle", () => void this.#look(found), { once: true });
    return details;
  }

  async #look(found: HTMLElement): Promise<void> {
    try {
      const { reply } = await this.#channel.request({ type: "look_around" });
      if (reply.type === "around")
        found.replaceChildren(...reply.lines.map((line) => h("p", {}, line)));
    } catch (error) {
      if (error instanceof KernelError) setText(found, error.message);
    }
  }

  #run(title: string, turn: () => string): HTMLButtonElement {
    return this.#button("Run", `Run: ${title}`, async () => {
      const { reply } = await this.#channel.request({ type: "run", turn: turn() });
      if (reply.type === "ran") setText(this.#said, reply.line);
    });
  }

  #toCell(title: string, source: () => string): HTMLButtonElement {
    return this.#button("To a cell", `Put into a cell: ${title}`, async () => {
      const isThere = insertBelow(
        this.#model.widget_manager,
        this.#model.get("own_id"),
        source(),
      );
      setText(
        this.#said,
        isThere ? "It is in the cell below." : "Copy the line instead.",
      );
    });
  }

  #copy(title: string, text: string): HTMLButtonElement {
    const button = this.#button("Copy", `Copy: ${title}`, async () => {
      await navigator.clipboard.writeText(text);
      setText(button, "Copied");
      setTimeout(() => setText(button, "Copy"), COPIED_MS);
    });
    return button;
  }

  /** A button that is off while its work is done, whose error is said below. */
  #button(text: string, label: string, act: () => Promise<void>): HTMLButtonElement {
    const attributes = { type: "button", class: "nba-button", "aria-label": label };
    const button = h("button", attributes, text);
    button.addEventListener("click", async () => {
      button.disabled = true;
      setText(this.#said, "");
      try {
        await act();
      } catch (error) {
        setText(this.#said, error instanceof Error ? error.message : String(error));
      } finally {
        button.disabled = false;
      }
    });
    return button;
  }
}

export default { render };

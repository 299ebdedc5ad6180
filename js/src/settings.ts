// What `%nbagent` can set, what reads the turns, and what the conversation has cost.

import { act } from "./act";
import { h, setText } from "./dom";
import type { Notifier } from "./notify";
import type { PanelChannel } from "./store";
import { lineOf } from "./text";
import type { FactView, SettingView } from "./wire";

export class SettingsPage {
  readonly el = h("div", { class: "nba-page nba-scroll", tabindex: 0, role: "group" });
  #channel: PanelChannel;
  #say: (text: string) => void;
  #brains = h("select", { class: "nba-value", "aria-label": "Language model" });
  #connect = h("button", { type: "button", class: "nba-pill" });
  #rows = h("div", { class: "nba-settings" });
  #cost = h("dl", { class: "nba-cost" });
  #how = h("p", { class: "nba-how" });

  constructor(channel: PanelChannel, say: (text: string) => void, notifier: Notifier) {
    this.#channel = channel;
    this.#say = say;
    this.el.setAttribute("aria-label", "Settings");
    this.#connect.append("Connect a language model");
    this.#connect.title =
      "Look for one on this machine: Ollama, LM Studio, llama.cpp, vLLM";
    this.#connect.addEventListener(
      "click",
      () => void this.#do({ type: "connect_model" }),
    );
    this.#brains.addEventListener("change", () => {
      void this.#do({ type: "use_brain", brain: this.#brains.value });
    });
    const reads = "reads what the embedded reader is not sure of, and answers in words";
    this.el.append(
      section(
        "Reads your turns",
        row("Language model", reads, this.#brains),
        this.#connect,
      ),
      section("Settings of this session", this.#rows, notifier.el),
      section("Cost so far", this.#cost, this.#how),
    );
  }

  /** Ask how things stand: cells set them too. */
  async update(): Promise<void> {
    try {
      const { reply } = await this.#channel.request({ type: "get_settings" });
      if (reply.type !== "settings") return;
      this.#brains.replaceChildren(
        ...reply.brains.map((name) =>
          h("option", { value: name }, name === "reader" ? "none" : name),
        ),
      );
      this.#rows.replaceChildren(...reply.settings.map((one) => this.#setting(one)));
      this.#cost.replaceChildren(...reply.cost.flatMap(fact));
      setText(this.#how, reply.estimate);
    } catch (error) {
      this.#say(lineOf(error));
    }
  }

  #setting({ name, label, help, value, choices }: SettingView): HTMLElement {
    const control =
      choices.length > 0
        ? h(
            "select",
            { class: "nba-value" },
            ...choices.map((one) => h("option", { value: one }, one)),
          )
        : h("input", { class: "nba-value", type: "text", autocomplete: "off" });
    control.value = value;
    control.setAttribute("aria-label", label);
    control.addEventListener("change", () => {
      void this.#do({ type: "set", name, value: control.value });
    });
    return row(label, help, control);
  }

  async #do(body: Parameters<PanelChannel["request"]>[0]): Promise<void> {
    this.#say("");
    await act(this.#channel, body, this.#say);
    await this.update(); // what was refused stands as it was
  }
}

export function row(label: string, help: string, control: HTMLElement): HTMLElement {
  return h(
    "label",
    { class: "nba-setting" },
    h("span", {}, label, h("small", {}, help)),
    control,
  );
}

function section(title: string, ...children: HTMLElement[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...children);
}

function fact({ label, value }: FactView): HTMLElement[] {
  return [h("dt", {}, label), h("dd", {}, value)];
}

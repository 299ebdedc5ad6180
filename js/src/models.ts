// The models that can render: what each takes, what it took here, and why one cannot run.

import { act } from "./act";
import { h } from "./dom";
import type { PanelChannel, Store } from "./store";
import { lineOf, seconds, sizeText } from "./text";
import type { ModelView } from "./wire";

export class ModelsPage {
  readonly el = h("div", { class: "nba-page nba-scroll", tabindex: 0, role: "group" });
  #store: Store;
  #channel: PanelChannel;
  #say: (text: string) => void;
  #lists = h("div", { class: "nba-models" });
  #wait = h("p", { class: "nba-wait", role: "status" }, "looking at this machine");

  constructor(store: Store, channel: PanelChannel, say: (text: string) => void) {
    this.#store = store;
    this.#channel = channel;
    this.#say = say;
    this.el.setAttribute("aria-label", "Models");
    this.el.append(
      h(
        "p",
        { class: "nba-intro" },
        "What renders new clips. A refinement keeps its clip's model.",
      ),
      this.#wait,
      this.#lists,
    );
    store.listen((change) => {
      if ("model" in change && !this.el.hidden) void this.update();
    });
  }

  /** Ask what there is: files come and go, and so does memory. */
  async update(): Promise<void> {
    try {
      const { reply } = await this.#channel.request({ type: "get_models" });
      if (reply.type !== "models") return;
      this.#wait.hidden = true;
      const { models } = reply;
      const groups: [string, ModelView[]][] = [
        ["On this machine", models.filter((one) => one.here && !one.why_not)],
        ["To be downloaded", models.filter((one) => !one.here && !one.why_not)],
        ["Cannot run here", models.filter((one) => one.why_not)],
      ];
      this.#lists.replaceChildren(
        ...groups
          .filter(([, members]) => members.length > 0)
          .map(([title, members]) =>
            h(
              "section",
              {},
              h("h3", {}, title),
              h("ul", {}, ...members.map((one) => this.#row(one))),
            ),
          ),
      );
    } catch (error) {
      this.#say(lineOf(error));
    }
  }

  #row(model: ModelView): HTMLElement {
    const isUsed = model.name === this.#store.model;
    const use = h("button", { type: "button", class: "nba-pill" });
    use.append(isUsed ? "In use" : "Use");
    use.setAttribute("aria-label", `${isUsed ? "In use" : "Use"}: ${model.name}`);
    use.disabled = isUsed || model.why_not !== "";
    use.addEventListener("click", () => void this.#use(model.name));
    return h(
      "li",
      { class: `nba-model${model.why_not ? " nba-unfit" : ""}` },
      h(
        "div",
        {},
        h("strong", {}, model.name),
        h("p", {}, factsText(model)),
        h("p", { class: "nba-fit" }, model.why_not || model.fit),
      ),
      use,
    );
  }

  async #use(model: string): Promise<void> {
    this.#say("");
    // An error names the command that downloads the model.
    await act(this.#channel, { type: "use_model", model }, this.#say);
  }
}

/** Licence, size, and what a clip took here. */
export function factsText({ licence, size_bytes, seconds: took }: ModelView): string {
  const size =
    size_bytes === null ? "size not known" : `about ${largeText(size_bytes)}`;
  const time = took === null ? "no clip made here yet" : `${seconds(took)} a clip here`;
  return [licence || "licence not known", size, time].join(" · ");
}

function largeText(bytes: number): string {
  return bytes < 1e9 ? sizeText(bytes) : `${(bytes / 1e9).toFixed(0)} GB`;
}

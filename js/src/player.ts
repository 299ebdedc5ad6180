// The player in a cell: one view of the turn's own model, and below it the players of
// the turns that were said in it.

import type { RenderProps } from "@anywidget/types";
import type { Callback, Model } from "./channel";
import { bringToFront, h } from "./dom";
import { linkTime, type TimeModel } from "./time";
import { PlayerView } from "./view";
import type { PlayerState } from "./wire";

type Props = Pick<RenderProps<PlayerState>, "model" | "el" | "signal">;

const POLL_MS = 500;
const MAX_POLLS = 60;

interface Manager {
  get_model(id: string): Promise<unknown>;
}

interface Following {
  get(name: "follow_ups"): string[];
  on(event: string, callback: Callback): void;
  off(event: string, callback: Callback): void;
}

function render({ model, el, signal }: Props): void {
  mount(model as unknown as Model, model.widget_manager, el, signal);
}

function mount(
  model: Model,
  manager: Manager,
  el: HTMLElement,
  signal: AbortSignal,
  screen = el,
): HTMLElement {
  const view = new PlayerView(model, signal, manager, screen);
  linkTime(model as unknown as TimeModel, view.deck, signal);
  el.append(view.el);
  followUps(model, manager, el, signal, screen);
  return view.el;
}

/** Show the players of turns that were said in a view, below it. */
export function followUps(
  model: Following,
  manager: Manager,
  el: HTMLElement,
  signal: AbortSignal,
  screen = el,
): void {
  screen.classList.add("nba-screen"); // what fills it when one of them is to
  const places = new Map<string, HTMLElement>();
  const follow = () => {
    for (const id of model.get("follow_ups")) {
      if (places.has(id)) continue;
      const place = h("div");
      places.set(id, place);
      el.append(place);
      void find(manager, id, signal).then((found) => {
        if (!found) return;
        const card = mount(found, manager, place, signal, screen);
        place.scrollIntoView?.({ block: "nearest" });
        if (screen.ownerDocument.fullscreenElement !== screen) return;
        bringToFront(card, screen);
        card.focus();
      });
    }
  };
  model.on("change:follow_ups", follow);
  signal.addEventListener("abort", () => model.off("change:follow_ups", follow));
  follow();
}

// After a reload of the page the models come back one by one, in any order.
async function find(
  manager: Manager,
  id: string,
  signal: AbortSignal,
): Promise<Model | undefined> {
  for (let poll = 0; poll < MAX_POLLS && !signal.aborted; poll++) {
    try {
      return (await manager.get_model(id)) as Model;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  return undefined;
}

export default { render };

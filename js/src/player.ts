// The player in a cell: one view of the turn's own model.

import type { RenderProps } from "@anywidget/types";
import { linkTime, type TimeModel } from "./time";
import { PlayerView } from "./view";
import type { PlayerState } from "./wire";

type Props = Pick<RenderProps<PlayerState>, "model" | "el" | "signal">;

function render({ model, el, signal }: Props): void {
  const view = new PlayerView(model, signal);
  linkTime(model as unknown as TimeModel, view.deck, signal);
  el.append(view.el);
}

export default { render };

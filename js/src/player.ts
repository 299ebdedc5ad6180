// The player in a cell: one view of the turn's own model.

import type { RenderProps } from "@anywidget/types";
import { PlayerView } from "./view";
import type { PlayerState } from "./wire";

type Props = Pick<RenderProps<PlayerState>, "model" | "el" | "signal">;

function render({ model, el, signal }: Props): void {
  el.append(new PlayerView(model, signal).el);
}

export default { render };

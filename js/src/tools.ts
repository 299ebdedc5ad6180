// What can be done with a clip that is there: tools, the refine box, the save menu. The
// kernel sends this file as it is built, with the first clip. Nothing of the player's own
// script is in it, so it acts through the host alone.

import { insertCells } from "./cells";
import { h } from "./dom";
import type { Host, Tools } from "./host";
import { NextSteps } from "./next";
import { RefineBox } from "./refine";
import { ReplyButton } from "./reply";
import { SaveMenu } from "./save";
import { ALL, Selections } from "./selections";
import { Thumbnail } from "./thumbnail";
import { Toolbox } from "./toolbox";

export function open(host: Host): Tools {
  const below = h("div", { class: "nba-below" });
  const selections = new Selections(host, update);
  const isInPanel = host.root.closest(".nba-panel") !== null;
  const refine = isInPanel
    ? new ReplyButton(host, selections)
    : new RefineBox(host, selections, () => selections.set(ALL));
  const next = new NextSteps(host, (words) => refine.say(words));
  const save = new SaveMenu(host);
  const toolbox = new Toolbox(host, below, selections);
  new Thumbnail(host);
  insertCells(host.model, host.manager, host.signal);
  host.row.append(save.el);
  host.lead.append(next.el);
  host.foot.append(toolbox.el);
  host.root.append(below);
  if (isInPanel) toolbox.el.prepend(refine.el);
  else host.lead.append(refine.el);

  function update(): void {
    toolbox.update();
    selections.play();
    refine.update();
    next.update();
  }

  update();
  return {
    update,
    key(key) {
      if (key === "s") save.toggle();
      else if (key === "r") refine.focus();
      else if (key === "x" && !selections.isEmpty) selections.set(ALL);
      else return toolbox.key(key);
      return true;
    },
  };
}

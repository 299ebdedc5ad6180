// The playhead as a value of the widget's model, so that widgets can be linked to it.
//
// It stays in the browser: nothing here sends it to the kernel. Of players that are
// linked, the one that is played or dragged leads, and the others stand where it is.

import type { Callback } from "./channel";
import type { Deck } from "./deck";

/** The part of a widget's model that a link uses. */
export interface TimeModel {
  get(name: "time"): number;
  set(name: "time", value: number): void;
  on(event: string, callback: Callback): void;
  off(event: string, callback: Callback): void;
}

export function linkTime(model: TimeModel, deck: Deck, signal: AbortSignal): void {
  let frame = deck.frame;
  let told = model.get("time");

  const tell = () => {
    const clip = deck.clip;
    if (!clip || deck.frame === frame) return;
    frame = deck.frame;
    told = frame / clip.fps;
    model.set("time", told);
  };

  const follow = () => {
    const clip = deck.clip;
    const time = model.get("time");
    if (!clip || time === told) return;
    told = time;
    // A little more than the frame's start, which as a sum of parts may fall short.
    const wanted = Math.floor(time * clip.fps + 1e-3);
    frame = Math.max(0, Math.min(clip.numFrames - 1, wanted));
    void deck.seek(frame);
  };

  deck.onFrame = tell;
  model.on("change:time", follow);
  signal.addEventListener("abort", () => model.off("change:time", follow));
}

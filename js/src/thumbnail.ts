// The frame that the pointer is over on the time line, small above it.

import { frameTime } from "./deck";
import { h, setText } from "./dom";
import type { Host } from "./host";

export class Thumbnail {
  #host: Host;
  #video = h("video", { muted: true, playsinline: true, preload: "auto" });
  #label = h("span");
  #el = h("div", { class: "nba-thumb", "aria-hidden": "true", hidden: true });
  #source = "";
  #wanted: number | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#video.muted = true;
    this.#el.append(this.#video, this.#label);
    host.scrub.after(this.#el);
    host.scrub.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.#show(event);
    });
    host.scrub.addEventListener("pointerleave", () => {
      this.#el.hidden = true;
    });
    this.#video.addEventListener("seeked", () => this.#seek());
    this.#video.addEventListener("loadeddata", () => this.#seek());
  }

  #show(event: PointerEvent): void {
    const { clip } = this.#host.deck;
    if (!clip) return;
    this.#el.hidden = false;
    const { left, width } = this.#host.scrub.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - left) / width));
    const frame = Math.round(share * (clip.numFrames - 1));
    this.#el.style.left = `${share * 100}%`;
    setText(this.#label, `${frame + 1} · ${(frame / clip.fps).toFixed(2)} s`);
    if (clip.video.src !== this.#source) {
      this.#source = clip.video.src; // the same bytes; the address stays the player's
      this.#video.src = this.#source;
    }
    this.#wanted = frameTime(frame, clip.fps);
    this.#seek();
  }

  // One seek at a time: only the newest wish matters.
  #seek(): void {
    const time = this.#wanted;
    if (time === undefined || this.#video.seeking || this.#video.readyState < 1) return;
    this.#wanted = undefined;
    if (Math.abs(this.#video.currentTime - time) > 1e-6) this.#video.currentTime = time;
  }
}

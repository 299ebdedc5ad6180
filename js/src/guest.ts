// A second clip on the stage, on the same clock: to be compared, or looked at. A still
// stands in for one, and has no clock.

import { frameTime } from "./deck";
import { h, setText } from "./dom";
import { fileOf, isStill } from "./file";
import type { Host } from "./host";
import type { TakeView } from "./wire";

export type Mode = "wipe" | "side" | "difference" | "view";

/** Its place in the deck, beside the takes of the turn. */
const GUEST = -1;

export class GuestClip {
  take: TakeView | undefined;
  mode: Mode = "wipe";
  #host: Host;
  #chip = h("span", { class: "nba-chip-name" });
  #own = h("span", { class: "nba-chip-name nba-chip-own" });
  #el = h("div", { class: "nba-guest" });
  #tile: HTMLElement | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Fetch a clip and put it on the stage; resolved when its frames are there. */
  async show(take: TakeView, mode: Mode, request = ""): Promise<void> {
    const { channel, deck } = this.#host;
    const body = { type: "get_named", name: take.name } as const;
    const { bytes } = await channel.request(body);
    if (!bytes) throw new Error("the kernel sent an empty clip");
    this.clear();
    const file = fileOf(bytes);
    const picture = isStill(file) ? await imageOf(file) : await videoOf(file);
    this.take = take;
    this.#el.replaceChildren(picture, this.#chip);
    if (picture instanceof HTMLVideoElement) {
      const { fps, num_frames: numFrames } = take;
      picture.currentTime = frameTime(Math.min(deck.frame, numFrames - 1), fps);
      deck.add(GUEST, { video: picture, fps, numFrames });
    }
    this.place(mode);
    if (mode !== "view") return;
    deck.lead(GUEST);
    this.#host.view({ take, request });
  }

  /** Put it beside or over the clip in front. */
  place(mode: Mode): void {
    const front = this.#host.front();
    if (!front || !this.take) return;
    this.mode = mode;
    this.#tile?.classList.remove("nba-difference");
    this.#tile = front.tile;
    this.#el.dataset.mode = mode;
    const isBeside = mode === "side";
    const tile = front.tile.getAttribute("style") ?? "";
    this.#el.setAttribute("style", isBeside ? tile : "");
    // Over the picture, and under what can be clicked on it.
    if (isBeside) this.#host.stage.prepend(this.#el);
    else front.tile.querySelector(".nba-bar")?.before(this.#el);
    this.#host.stage.classList.toggle("nba-beside", isBeside);
    front.tile.classList.toggle("nba-difference", mode === "difference");
    setText(this.#chip, this.take.name);
    setText(this.#own, front.take.name);
    if (mode === "wipe" || isBeside) front.tile.append(this.#own);
    else this.#own.remove();
  }

  wipe(share: number): void {
    this.#el.style.setProperty("--wipe", `${(share * 100).toFixed(1)}%`);
  }

  /** Whether it stands in the place of a clip that is looked at again. */
  get isStale(): boolean {
    return this.mode === "view" && this.take !== this.#host.shown();
  }

  clear(): void {
    if (!this.take) return;
    const wasViewed = this.mode === "view";
    this.take = undefined;
    this.#host.deck.drop(GUEST);
    this.#tile?.classList.remove("nba-difference");
    this.#host.stage.classList.remove("nba-beside");
    this.#el.remove();
    this.#own.remove();
    const front = this.#host.front();
    if (!wasViewed || !front) return;
    this.#host.deck.lead(front.index);
    this.#host.view(undefined);
  }
}

async function videoOf(file: Blob): Promise<HTMLVideoElement> {
  const video = h("video", { playsinline: true, preload: "auto" });
  video.muted = true;
  video.src = URL.createObjectURL(file);
  await new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve);
    const text = "this browser cannot play that clip";
    video.addEventListener("error", () => reject(new Error(text)));
  });
  return video;
}

async function imageOf(file: Blob): Promise<HTMLImageElement> {
  const image = h("img", { alt: "", src: URL.createObjectURL(file) });
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

// What the player gives to its tools, which come from the kernel with the first clip.

import type { Channel, Model } from "./channel";
import type { Deck } from "./deck";
import type { TakeView } from "./wire";

/** The take of the turn that is chosen. */
export interface Front {
  index: number;
  take: TakeView;
  tile: HTMLElement;
}

/** A clip of another turn that is looked at in the place of the one in front. */
export interface Guest {
  take: TakeView;
  request: string;
}

export interface Host {
  root: HTMLElement;
  stage: HTMLElement;
  scrub: HTMLElement;
  /** The buttons of the transport. */
  row: HTMLElement;
  /** Beside the picture, under what was asked: what leads on. */
  lead: HTMLElement;
  /** Under that: the tools. */
  foot: HTMLElement;
  /** What fills the screen: this card, and those of what was said in it. */
  screen: HTMLElement;
  channel: Channel;
  model: Model;
  /** The page's manager of widgets, in a cell. */
  manager: unknown;
  deck: Deck;
  signal: AbortSignal;
  front(): Front | undefined;
  takes(): TakeView[];
  /** The clip that is looked at: the one in front, or a guest. */
  shown(): TakeView | undefined;
  /** The file of that clip, if it is here; a guest's is not kept. */
  file(): Blob | undefined;
  view(guest: Guest | undefined): void;
  say(text: string): void;
}

export interface Tools {
  /** The clip in front is another, or has changed. */
  update(): void;
  /** Act on a key; false if it means nothing to them. */
  key(key: string): boolean;
}

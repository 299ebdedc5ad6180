// What is pointed at in each clip; the kernel is told, so that `clip.selection` knows.

import type { Host } from "./host";
import { lineOf } from "./text";

/** Left, top, right and bottom, in shares of the frame. */
export type Region = [number, number, number, number];

/** What is selected of a clip; null is all of it. `span` is in seconds. */
export interface Selection {
  span: [number, number] | null;
  region: Region | null;
}

export const ALL: Selection = { span: null, region: null };

export class Selections {
  #host: Host;
  #ofClips = new Map<string, Selection>();
  #onChange: () => void;
  #untold = 0;

  constructor(host: Host, onChange: () => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** Of the clip that is looked at. */
  get current(): Selection {
    return this.#ofClips.get(this.#host.shown()?.name ?? "") ?? ALL;
  }

  get isEmpty(): boolean {
    const { span, region } = this.current;
    return span === null && region === null;
  }

  /** Whether the kernel knows what is selected. */
  get isTold(): boolean {
    return this.#untold === 0;
  }

  set(selection: Selection): void {
    const name = this.#host.shown()?.name;
    if (!name) return;
    const { span, region } = selection;
    const rounded = { span, region: region && (region.map(short) as typeof region) };
    this.#ofClips.set(name, rounded);
    this.#untold += 1;
    this.#onChange();
    void this.#tell({ type: "select", name, ...rounded });
  }

  async #tell(body: Parameters<Host["channel"]["request"]>[0]): Promise<void> {
    try {
      await this.#host.channel.request(body);
    } catch (error) {
      this.#host.say(`not selected: ${lineOf(error)}`);
    }
    this.#untold -= 1;
    this.#onChange();
  }

  /** Play what is selected of the clip's time, over and over. */
  play(): void {
    const { deck } = this.#host;
    const [start, end] = this.current.span ?? [];
    const fps = deck.clip?.fps ?? 0;
    const isPart = start !== undefined && end !== undefined;
    const range = [Math.round((start ?? 0) * fps), Math.round((end ?? 0) * fps) - 1];
    const next = isPart ? ([range[0] ?? 0, range[1] ?? 0] as const) : undefined;
    if (String(next) !== String(deck.range)) deck.setRange(next);
  }
}

/** Finer than a pointer can be, and still short as code. */
function short(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}

/** What is pointed at, in a few characters. */
export function selectionText({ span, region }: Selection): string {
  const time = span && `${span[0].toFixed(2)}–${span[1].toFixed(2)} s`;
  const [left = 0, top = 0, right = 0, bottom = 0] = region ?? [];
  const percent = (share: number) => `${Math.round(share * 100)}`;
  const place =
    region && `${percent(right - left)}×${percent(bottom - top)} % of the frame`;
  return [time, place].filter(Boolean).join(", ");
}

// Places in a clip as numbers: frames of its time, shares of its frame.

import type { Region } from "./selections";

export const CORNERS = ["nw", "ne", "sw", "se"] as const;
export type Corner = (typeof CORNERS)[number];

type XY = readonly [x: number, y: number];

const LEAST = 0.02; // of the frame: less cannot be seen, nor be meant

/** The frame at a share of the line, on which the first and the last are its ends. */
export function frameAt(share: number, numFrames: number): number {
  return Math.round(clamped(share) * (numFrames - 1));
}

/** The seconds of frames, from the beginning of the first to the end of the last. */
export function spanOf(
  first: number,
  last: number,
  { fps }: { fps: number },
): [number, number] {
  return [first / fps, (last + 1) / fps];
}

/** The region between two points, or from the corner opposite to the one that is held. */
export function boxFrom(
  start: XY,
  end: XY,
  before: Region | null,
  corner: Corner | undefined,
): Region {
  const [left, top, right, bottom] = before ?? [0, 0, 0, 0];
  const anchor: XY = corner
    ? [corner.endsWith("w") ? right : left, corner.startsWith("n") ? bottom : top]
    : start;
  const [x0, x1] = ordered(anchor[0], end[0]);
  const [y0, y1] = ordered(anchor[1], end[1]);
  return [x0, y0, x1, y1];
}

/** The region elsewhere in the frame, as large as it is. */
export function moved(region: Region, x: number, y: number): Region {
  const [left, top, right, bottom] = region;
  const dx = Math.max(-left, Math.min(1 - right, x));
  const dy = Math.max(-top, Math.min(1 - bottom, y));
  return [left + dx, top + dy, right + dx, bottom + dy];
}

/** Where a region is, as styles of an element in the frame. */
export function placeOf([left, top, right, bottom]: Region): Record<string, string> {
  const percent = (share: number) => `${share * 100}%`;
  return {
    left: percent(left),
    top: percent(top),
    width: percent(right - left),
    height: percent(bottom - top),
  };
}

function ordered(one: number, other: number): [number, number] {
  const [low, high] = one < other ? [one, other] : [other, one];
  const from = Math.min(clamped(low), 1 - LEAST);
  return [from, Math.max(clamped(high), from + LEAST)];
}

function clamped(share: number): number {
  return Math.max(0, Math.min(1, share));
}

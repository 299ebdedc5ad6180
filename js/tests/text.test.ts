import { expect, test } from "vitest";
import { frameTime } from "../src/deck";
import { announcement, metaText, seconds, statusText } from "../src/text";
import { take } from "./fake";

test.each([
  [0.04, "0.0 s"],
  [1.84, "1.8 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
])("%d seconds read as %s", (value, text) => {
  expect(seconds(value)).toBe(text);
});

test("an estimate is said only when there is one", () => {
  const running = { state: "running", phase: "denoise", step: 7 } as const;
  expect(statusText(take(running))).toBe("step 7 of 20");
  expect(statusText(take({ ...running, eta_s: 3.2 }))).toBe(
    "step 7 of 20 · about 4 s left",
  );
  expect(statusText(take({ ...running, message: "part 1 of 2" }))).toBe(
    "part 1 of 2 · step 7 of 20",
  );
});

test("every state and phase has words", () => {
  expect(statusText(take({ message: "2 jobs ahead" }))).toBe("queued · 2 jobs ahead");
  expect(statusText(take({ state: "failed", message: "out of memory" }))).toBe(
    "out of memory",
  );
  expect(statusText(take({ state: "cancelled" }))).toBe("cancelled");
  expect(statusText(take({ state: "done", elapsed_s: 2 }))).toBe("rendered in 2.0 s");
  for (const phase of ["load", "encode", "decode", "write", null] as const) {
    expect(statusText(take({ state: "running", phase }))).not.toBe("");
  }
});

test("a step is no news to a screen reader", () => {
  const at = (step: number) =>
    announcement(take({ state: "running", phase: "denoise", step }));
  expect(at(3)).toBe(at(4));
  expect(at(3)).toBe("c1 denoising");
});

test("the facts of a take, without what is not known", () => {
  expect(metaText(take())).toBe("seed 42 · 64×64 · 16 frames · 8 fps · pocket · final");
  expect(metaText(take({ num_frames: 1 }))).toContain("still image");
  expect(metaText(take({ num_frames: 0, width: 0 }))).toBe("seed 42 · pocket · final");
});

test("a frame's time lies inside the frame, never on its border", () => {
  for (const fps of [8, 23.976, 24, 30]) {
    for (let frame = 0; frame < 121; frame++) {
      expect(Math.floor(frameTime(frame, fps) * fps)).toBe(frame);
    }
  }
});

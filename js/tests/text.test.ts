import { expect, test } from "vitest";
import { frameTime } from "../src/deck";
import {
  announcement,
  canKeep,
  heading,
  noteText,
  seconds,
  signOf,
  statusText,
} from "../src/text";
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

test("a part of a long clip is never nearly the whole of it", () => {
  const part = { state: "running", phase: "denoise", message: "part 1 of 3" } as const;
  const told = (eta_s: number) => statusText(take({ ...part, step: 19, eta_s }));
  expect(told(0.6)).toBe("part 1 of 3 · step 19 of 20");
  expect(told(7)).toBe("part 1 of 3 · step 19 of 20 · about 7 s for this part");
  expect(statusText(take({ ...part, message: "", step: 19, eta_s: 0.6 }))).toContain(
    "almost there",
  );
});

test("a download says how much of what has come", () => {
  const some = {
    state: "running",
    phase: "load",
    step: 1210,
    num_steps: 3400,
  } as const;
  const message = "1.2 GB of 3.4 GB downloaded";
  expect(statusText(take({ ...some, message }))).toBe(
    "downloading the model · 1.2 GB of 3.4 GB · 35 %",
  );
  expect(signOf(take(some))).toEqual(["load", "35 %"]);
  expect(signOf(take({ state: "running", phase: "load" }))).toEqual([
    "load",
    "loading the model",
  ]);
});

test("keep is offered where it works", () => {
  const at = { state: "running", phase: "denoise", step: 3 } as const;
  expect(canKeep(take(at))).toBe(true);
  expect(canKeep(take({ ...at, message: "part 3 of 3" }))).toBe(true);
  expect(canKeep(take({ ...at, message: "second try" }))).toBe(true);
  expect(canKeep(take({ ...at, message: "part 1 of 3" }))).toBe(false);
  expect(canKeep(take({ ...at, message: "a draft first" }))).toBe(false);
  expect(canKeep(take({ ...at, step: 0 }))).toBe(false);
  expect(canKeep(take({ ...at, phase: "draw" }))).toBe(false);
  expect(canKeep(take({ ...at, state: "paused" }))).toBe(false);
});

test("a card's main words are what is different, or what was asked", () => {
  expect(heading(take(), "a red ball")).toEqual([
    { text: "a red ball", isGone: false },
  ]);
  const changes = ["+ at night", "\u2212 at sunset", "half as fast"];
  expect(heading(take({ changes }), "at night").map(({ text }) => text)).toEqual([
    "at night",
    "at sunset",
    "half as fast",
  ]);
  expect(heading(take({ changes }), "").map(({ isGone }) => isGone)).toEqual([
    false,
    true,
    false,
  ]);
  const scene = take({ is_scene: true, prompt: "a dog, in the snow" });
  expect(heading(scene, "a dog; then it sleeps")[0]?.text).toBe("a dog, in the snow");
});

test("a note is one line of what the turn did not do", () => {
  const note = "at night\npocket cannot show: rain. Left out.\nAnother thing.";
  expect(noteText(note)).toBe("pocket cannot show: rain. Left out. Another thing.");
  expect(noteText("loops, forth and back")).toBe("");
});

test("whatever a take does before it has a picture, there is a sign for it", () => {
  expect(signOf(take({ message: "2 jobs ahead" }))).toEqual(["wait", "2 jobs ahead"]);
  expect(signOf(take({ message: "the worker stopped: …", step: 3 }))).toEqual([
    "wait",
    "going on soon",
  ]);
  expect(signOf(take({ state: "paused" }))[0]).toBe("pause");
  expect(signOf(take({ state: "failed" }))).toEqual(["fail", "no clip"]);
  expect(signOf(take({ state: "cancelled", step: 7 }))).toEqual([
    "stop",
    "stopped at step 7",
  ]);
  const running = { state: "running", step: 2 } as const;
  expect(signOf(take({ ...running, phase: "denoise" }))[1]).toBe("step 2 of 20");
  expect(signOf(take({ ...running, phase: "decode" }))[1]).toBe("decoding the frames");
});

test("a frame's time lies inside the frame, never on its border", () => {
  for (const fps of [8, 23.976, 24, 30]) {
    for (let frame = 0; frame < 121; frame++) {
      expect(Math.floor(frameTime(frame, fps) * fps)).toBe(frame);
    }
  }
});

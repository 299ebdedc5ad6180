import { beforeEach, expect, test, vi } from "vitest";
import type { Host } from "../src/host";
import { take } from "./fake";
import { bytes, load, prepare, show } from "./show";

// The kernel's script is imported from an address that only a browser can make.
vi.mock("../src/loader", () => ({
  loadTools: async (host: Host) => (await import("../src/tools")).open(host),
}));

beforeEach(prepare);

test("the root keeps keys from the notebook and marks the live output", () => {
  const { find } = show({ takes: [take()], request: "a red ball" });
  const root = find(".nba-player");
  expect(root.dataset.lmSuppressShortcuts).toBe("true");
  expect(root.classList.contains("nba-live")).toBe(true);
  expect(root.getAttribute("aria-label")).toBe("Clip c1: a red ball");
});

test("a turn shows its words before it has takes", () => {
  const { model, find } = show({ request: "a red ball" });
  expect(find(".nba-status").textContent).toBe("reading your words");
  model.change({ takes: [take({ message: "2 jobs ahead" })], turn_state: "running" });
  expect(find(".nba-status").textContent).toBe("queued · 2 jobs ahead");
  expect(find(".nba-name").textContent).toBe("c1");
});

test("progress moves the bar", () => {
  const { model, find } = show({ takes: [take()] });
  const running = { state: "running", phase: "denoise" } as const;
  model.change({ takes: [take({ ...running, step: 5 })] });
  expect(find(".nba-bar").hidden).toBe(false);
  expect(find(".nba-bar").style.getPropertyValue("--part")).toBe("0.25");
  model.change({ takes: [take({ state: "running", phase: "load" })] });
  expect(find(".nba-bar").classList.contains("nba-unknown")).toBe(true);
});

test("a take is paused and resumed by the same button and key", () => {
  const { model, button, press, find } = show({
    turn_state: "running",
    takes: [take({ state: "running", phase: "denoise", step: 3, num_steps: 10 })],
  });
  button("Pause the render").click();
  expect(model.last("pause")).toMatchObject({ index: 0 });
  model.reply({ type: "pausing", id: model.last("pause").id });
  model.change({ takes: [take({ state: "paused", step: 3, num_steps: 10 })] });
  expect(find(".nba-status").textContent).toBe("paused · step 3 of 10");
  expect(button("Keep it as it looks now").hidden).toBe(true);
  const resume = button("Resume the render");
  return vi.waitFor(() => {
    expect(resume.disabled).toBe(false);
    press("h");
    expect(model.last("resume")).toMatchObject({ index: 0 });
    model.change({ takes: [take({ state: "done" })] });
    expect(resume.hidden).toBe(true);
    expect(button("Keep it as it looks now").hidden).toBe(true);
  });
});

test("what was stopped or has failed can go on, with its whole turn", async () => {
  const { model, button, press, find } = show({
    takes: [take({ name: "c3", state: "cancelled", step: 7 })],
  });
  expect(find(".nba-veil").textContent).toBe("stopped at step 7");
  button("Resume the render").click();
  expect(model.last("go_on")).toMatchObject({ name: "c3" });
  model.reply({ type: "going_on", id: model.last("go_on").id, turn: 5 });
  model.change({
    takes: [take({ name: "c3", state: "failed", message: "no memory" })],
  });
  const again = button("Try again");
  await vi.waitFor(() => expect(again.disabled).toBe(false));
  press("h");
  expect(model.sent.filter(({ type }) => type === "go_on")).toHaveLength(2);
});

test("a card says what changed and from which clip, and shows that until there is more", async () => {
  const changes = ["+ at night", "\u2212 at sunset"];
  const running = { state: "running", phase: "load", parent: "c1", changes } as const;
  const shown = show({
    request: "at night",
    takes: [take({ ...running, name: "c2" })],
  });
  const { model, find, answer } = shown;
  expect(find(".nba-parent").textContent).toBe("from c1");
  expect(find(".nba-request").textContent).toBe("at night at sunset");
  expect(find(".nba-request del").textContent).toBe("at sunset");
  await vi.waitFor(() => model.last("get_preview"));
  const poster = new DataView(new ArrayBuffer(16));
  poster.setUint16(0, 0xffd8); // the head of a jpeg
  answer("get_preview", { type: "preview" }, poster);
  await vi.waitFor(() => {
    expect(find(".nba-tile img").classList.contains("nba-before")).toBe(true);
  });
  expect(find(".nba-veil").textContent).toBe("loading the model");
  model.change({ takes: [take({ name: "c2", state: "done", parent: "c1", changes })] });
  await load(shown);
  expect(find(".nba-veil").textContent).toBe(""); // its own clip plays now
});

test("a storyboard shows its film, and the scenes as a strip", async () => {
  const scenes = ["c1", "c2"].map((name) =>
    take({ name, is_scene: true, state: "done", prompt: `scene ${name}` }),
  );
  const film = take({ name: "c3", state: "queued" });
  const shown = show({ takes: [...scenes, film], request: "a dog; then it sleeps" });
  const selected = () => shown.find(".nba-selected .nba-pick span").textContent;
  expect(shown.find(".nba-stage").classList.contains("nba-story")).toBe(true);
  expect(selected()).toBe("film");
  const running = { state: "running", phase: "denoise", step: 2 } as const;
  shown.model.change({
    takes: [{ ...take(scenes[0]), ...running }, ...scenes.slice(1), film],
  });
  expect(selected()).toBe("c1"); // what is being made of it
  shown.model.change({ takes: [...scenes, { ...film, state: "done" }] });
  expect(selected()).toBe("film");
  shown.press("2");
  expect(selected()).toBe("c2");
  expect(shown.find(".nba-request").textContent).toBe("scene c2");
});

test("what was said of a render is over when it has ended", async () => {
  const running = { state: "running", phase: "denoise", step: 2 } as const;
  const { model, press, find, answer } = show({ takes: [take(running)] });
  press("k");
  answer("keep", { type: "error", message: "there is nothing to keep yet" });
  await vi.waitFor(() => {
    expect(find(".nba-saved").textContent).toBe("there is nothing to keep yet");
  });
  model.change({ takes: [take({ ...running, step: 3 })] });
  expect(find(".nba-saved").textContent).not.toBe("");
  model.change({ takes: [take({ state: "done" })] });
  expect(find(".nba-saved").textContent).toBe("");
});

test("cancel is one message for the whole turn, by button and by key", () => {
  const { model, find, press } = show({ takes: [take(), take({ name: "c2" })] });
  find('[aria-keyshortcuts="c"]').click();
  press("c");
  expect(model.sent.map(({ type }) => type)).toEqual(["cancel"]);
  expect(model.last("cancel")).toMatchObject({ index: null });
  model.change({ takes: [take({ state: "cancelled" })] });
  expect(find('[aria-keyshortcuts="c"]').hidden).toBe(true);
});

test("a take is kept as it looks, once there is something to see", () => {
  const { model, find, press } = show({ takes: [take(), take({ name: "c2" })] });
  const keep = find('[aria-keyshortcuts="k"]');
  expect(keep.hidden).toBe(true);
  const running = { state: "running", phase: "denoise" } as const;
  model.change({ takes: [take(running), take(running)] });
  expect(keep.hidden).toBe(true);
  model.change({ takes: [take(running), take({ ...running, name: "c2", step: 3 })] });
  press("2");
  expect(keep.hidden).toBe(false);
  press("k");
  expect(model.last("keep")).toMatchObject({ index: 1 });
  const done = take({ state: "done", elapsed_s: 2, message: "kept at step 3" });
  model.change({ takes: [take(running), done] });
  expect(keep.hidden).toBe(true);
  expect(find(".nba-status").textContent).toBe("rendered in 2.0 s · kept at step 3");
});

test("a done take asks for its clip once and then has its controls", async () => {
  const shown = show({ takes: [take()] });
  expect(shown.find(".nba-transport").hidden).toBe(true);
  shown.model.change({ takes: [take({ state: "done" })] });
  shown.model.change({ note: "shown as it stands" });
  expect(shown.model.sent.filter(({ type }) => type === "get_clip")).toHaveLength(1);
  await load(shown);
  expect(shown.find(".nba-transport").hidden).toBe(false);
  expect(shown.find(".nba-counter").textContent).toBe("1 / 16");
});

test("a draft plays until its final is done, in the same place", async () => {
  const running = { state: "running", phase: "denoise", step: 1 } as const;
  const shown = show({ takes: [take(running)] });
  const asked = () => shown.model.sent.filter(({ type }) => type === "get_clip").length;
  expect(asked()).toBe(0);
  shown.model.change({ takes: [take({ ...running, has_draft: true })] });
  await load(shown);
  shown.model.change({ takes: [take({ ...running, step: 2, has_draft: true })] });
  expect(asked()).toBe(1);
  expect(shown.find("video").hidden).toBe(false);
  expect(shown.find(".nba-transport").hidden).toBe(false);
  expect(shown.find("[aria-label=Cancel]").hidden).toBe(false);
  shown.model.change({ takes: [take({ state: "done", num_frames: 32 })] });
  expect(asked()).toBe(2);
  await load(shown);
  await vi.waitFor(() => {
    shown.find("video").dispatchEvent(new Event("loadeddata"));
    expect(shown.find(".nba-counter").textContent).toContain("/ 32");
  });
  expect(shown.el.querySelectorAll(".nba-tile video")).toHaveLength(1);
});

test("a single image is shown and can be saved, and has no clock", async () => {
  const shown = show({ takes: [take({ state: "done", num_frames: 1 })] });
  const { id } = shown.model.last("get_clip");
  shown.model.reply({ type: "clip", id }, new DataView(new ArrayBuffer(16)));
  await vi.waitFor(() => shown.find(".nba-tools"));
  expect(shown.find("img").hidden).toBe(false);
  expect(shown.find(".nba-transport").hidden).toBe(true);
  expect(shown.find(".nba-row").classList.contains("nba-still")).toBe(true);
  expect(shown.press("s")).toBe(true);
  expect(shown.press("ArrowRight")).toBe(false);
});

test("keys step, jump, loop and change speed; other keys are left alone", async () => {
  const shown = show({ takes: [take({ state: "done" })] });
  await load(shown);
  const counter = () => shown.find(".nba-counter").textContent?.split(" ")[0];
  expect(shown.press("ArrowRight")).toBe(true);
  expect(counter()).toBe("2");
  shown.press("End");
  expect(counter()).toBe("16");
  shown.press("ArrowRight");
  expect(counter()).toBe("16");
  shown.press("Home");
  expect(counter()).toBe("1");
  shown.press("l");
  expect(shown.find("[aria-label=Loop]").getAttribute("aria-pressed")).toBe("false");
  shown.press("<");
  expect(shown.el.querySelector("select")?.value).toBe("0.5");
  expect(shown.press("x")).toBe(false);
});

test("every control has a label and a key", async () => {
  const shown = show({ takes: [take({ state: "done" }), take({ name: "c2" })] });
  await load(shown);
  const controls = shown.el.querySelectorAll(
    "button:not([role=menuitem]), input, select",
  );
  expect(controls.length).toBeGreaterThan(8);
  for (const control of controls) {
    const name = control.getAttribute("aria-label") ?? control.textContent;
    expect(name, control.outerHTML).toBeTruthy();
    expect(control.getAttribute("aria-keyshortcuts"), control.outerHTML).toBeTruthy();
  }
});

test("save asks the kernel and says where the file is, or why not", async () => {
  const shown = show({ takes: [take({ state: "done" })] });
  await load(shown);
  shown.press("s");
  const items = [...shown.el.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const kinds = ["mp4", "webm", "gif", "webp", "png frames", "one web page", "recipe"];
  expect(items.map((item) => item.textContent)).toEqual([...kinds, ...kinds]);
  // It stands in the card: a cell's output cuts off what hangs out of it.
  const menu = shown.find(".nba-right > .nba-menu");
  const closes = (at: Element) => {
    at.dispatchEvent(new Event("pointerdown", { bubbles: true, composed: true }));
    return menu.hidden;
  };
  expect(closes(shown.find(".nba-menu-title"))).toBe(false);
  expect(closes(shown.find(".nba-stage"))).toBe(true);
  items[2]?.click();
  const { id } = shown.model.last("save");
  expect(shown.model.last("save")).toMatchObject({ name: "c1", format: "gif" });
  shown.model.reply({ type: "saved", id, path: "c1.gif" });
  const said = () => shown.find(".nba-saved").textContent;
  await vi.waitFor(() => expect(said()).toBe("saved c1.gif"));
  items[0]?.click();
  const message = "the folder is read-only: choose another";
  shown.model.reply({ type: "error", id: shown.model.last("save").id, message });
  await vi.waitFor(() => expect(said()).toBe(`not saved: ${message}`));
});

test("a clip that cannot be fetched says why and can be asked for again", async () => {
  const shown = show({ takes: [take({ state: "done" })] });
  const first = shown.model.last("get_clip").id;
  shown.model.reply({ type: "error", id: first, message: "the file is gone" });
  await vi.waitFor(() => shown.find(".nba-retry"));
  expect(shown.find(".nba-veil").textContent).toContain("the file is gone");
  shown.find(".nba-retry").click();
  expect(shown.model.last("get_clip").id).not.toBe(first);
  expect(shown.el.querySelector(".nba-retry")).toBeNull();
});

test("previews are asked for one step once, and never two at a time", async () => {
  vi.useFakeTimers();
  const at = (step: number) => take({ state: "running", phase: "denoise", step });
  const shown = show({ takes: [at(1)] });
  const count = () => shown.model.sent.length;
  await vi.advanceTimersByTimeAsync(1);
  expect(count()).toBe(1);
  shown.model.change({ takes: [at(2)] });
  shown.model.change({ takes: [at(3)] });
  expect(count()).toBe(1);
  shown.model.reply(
    { type: "preview", id: shown.model.last("get_preview").id },
    bytes(),
  );
  await vi.advanceTimersByTimeAsync(240);
  expect(count()).toBe(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(count()).toBe(2);
  vi.useRealTimers();
});

test("without its kernel the player gives way to the static output", () => {
  const { model, find } = show({ takes: [take({ state: "running", step: 3 })] });
  model.loseKernel();
  expect(find(".nba-player").classList.contains("nba-live")).toBe(false);
  expect(find('[aria-keyshortcuts="c"]').hidden).toBe(true);
  expect(find(".nba-status").textContent).toContain("the kernel was restarted");
});

test("takes stand in a grid, and a number selects one", async () => {
  const takes = [1, 2, 3].map((n) => take({ name: `c${n}`, seed: n, state: "done" }));
  const shown = show({ takes });
  for (const index of [0, 1, 2]) await load(shown, index);
  const pressed = () =>
    [...shown.el.querySelectorAll(".nba-pick")].map((pick) =>
      pick.getAttribute("aria-pressed"),
    );
  expect(pressed()).toEqual(["true", "false", "false"]);
  shown.press("3");
  expect(pressed()).toEqual(["false", "false", "true"]);
  expect(shown.find(".nba-name").textContent).toBe("c3");
  shown.press("9");
  expect(pressed()).toEqual(["false", "false", "true"]);
});

test("words of the user and of the kernel are never markup", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const { el } = show({
    request: evil,
    note: evil,
    takes: [take({ prompt: evil, state: "failed", message: evil })],
  });
  expect(el.querySelector("img[src=x]")).toBeNull();
});

test("the end of a view leaves no listener behind", () => {
  const { model, end } = show({ takes: [take()] });
  expect(model.listeners).toBeGreaterThan(0);
  end.abort();
  expect(model.listeners).toBe(0);
});

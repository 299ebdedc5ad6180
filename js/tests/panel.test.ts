import { beforeEach, expect, test, vi } from "vitest";
import { UNDO_MS } from "../src/bin";
import { REST_MS } from "../src/composer";
import { LONG_MS } from "../src/notify";
import panel from "../src/panel";
import { REPLY } from "../src/reply";
import type { PanelEvent, PanelReply, PanelRequest, TurnView } from "../src/wire";
import { take } from "./fake";

type Listener = (...values: never[]) => void;

// What the DOM of the tests lacks; a row is near as soon as it is looked for.
class Sight {
  #seen: (entries: { target: Element; isIntersecting: boolean }[]) => void;
  constructor(seen: (entries: { target: Element; isIntersecting: boolean }[]) => void) {
    this.#seen = seen;
  }
  observe(target: Element): void {
    setTimeout(() => this.#seen([{ target, isIntersecting: true }]));
  }
  unobserve(): void {}
  disconnect(): void {}
}

/** The panel's side of a kernel, without one: what is sent, and what it is told. */
class FakeLine {
  sent: PanelRequest[] = [];
  widget_manager = {};
  #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }
  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }
  buffers: ArrayBuffer[] = [];
  send(request: PanelRequest, _callbacks?: undefined, buffers?: ArrayBuffer[]): void {
    this.sent.push(request);
    this.buffers.push(...(buffers ?? []));
  }
  tell(message: PanelReply | PanelEvent): void {
    this.emit("msg:custom", message, []);
  }
  emit(event: string, ...values: unknown[]): void {
    for (const one of [...(this.#listeners.get(event) ?? [])]) {
      one(...(values as never[]));
    }
  }
  last<K extends PanelRequest["type"]>(type: K): Extract<PanelRequest, { type: K }> {
    const found = this.sent.findLast((request) => request.type === type);
    if (!found) throw new Error(`no ${type} in ${JSON.stringify(this.sent)}`);
    return found as Extract<PanelRequest, { type: K }>;
  }
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

beforeEach(() => {
  vi.stubGlobal("IntersectionObserver", Sight);
  vi.stubGlobal("ResizeObserver", Sight);
  URL.createObjectURL = () => "blob:poster";
  document.body.replaceChildren();
});

function turn(id: number, fields: Partial<TurnView> = {}): TurnView {
  return {
    id,
    place: id,
    origin: "panel",
    options: "",
    words: `turn ${id}`,
    state: "done",
    answer: "",
    answer_html: "",
    error: "",
    note: "",
    readings: [],
    takes: [],
    ...fields,
  };
}

function show(turns: TurnView[] = []) {
  const line = new FakeLine();
  const end = new AbortController();
  const el = document.createElement("div");
  document.body.append(el);
  panel.render({ model: line as never, el, signal: end.signal });
  const { id } = line.last("get_thread");
  line.tell({ type: "thread", id, turns, queue: [], model: "pocket", marks: [] });
  const find = <E extends HTMLElement>(selector: string): E => {
    const found = el.querySelector<E>(selector);
    if (!found) throw new Error(`nothing matches ${selector}`);
    return found;
  };
  const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
  const texts = (selector: string) => all(selector).map((one) => one.textContent);
  const type = (text: string) => {
    const box = find<HTMLTextAreaElement>(".nba-box");
    box.value = text;
    box.setSelectionRange(text.length, text.length);
    box.dispatchEvent(new Event("input"));
  };
  const press = (key: string) => {
    const event = new KeyboardEvent("keydown", {
      key,
      bubbles: true,
      cancelable: true,
    });
    find(".nba-box").dispatchEvent(event);
    return event.defaultPrevented;
  };
  const box = () => find<HTMLTextAreaElement>(".nba-box").value;
  return { line, end, el, find, all, texts, type, press, box };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test("an empty conversation offers examples, which only fill the box", async () => {
  const { find, box, line, all } = show();
  await settled();
  expect(find(".nba-empty").hidden).toBe(false);
  expect(all(".nba-example")).toHaveLength(3);
  find(".nba-example").click();
  expect(box()).toContain("red ball");
  expect(line.sent.some(({ type }) => type === "say")).toBe(false);
});

test("a docked panel fills its place, and one in a cell stays as it is", async () => {
  const place = document.createElement("div");
  place.innerHTML = `<div class="jupyterlab-sidecar"><div class="jp-OutputPrompt"></div>
    <div class="out"></div></div><div class="in-cell"></div>`;
  document.body.append(place);
  const line = new FakeLine();
  const { signal } = new AbortController();
  for (const where of [".out", ".in-cell"]) {
    const el = place.querySelector(where) as HTMLElement;
    panel.render({ model: line as never, el, signal });
    await new Promise(requestAnimationFrame);
    expect(el.classList.contains("nba-dock")).toBe(where === ".out");
  }
  const sidecar = place.querySelector(".jupyterlab-sidecar");
  expect(sidecar?.classList.contains("nba-dock")).toBe(true);
  expect(place.classList.contains("nba-dock")).toBe(false);
  expect(place.querySelector(".nba-dock-prompt")).not.toBeNull();
  expect(document.body.classList.contains("nba-docked")).toBe(true);
});

test("a reply goes to its clip, and the chip can be taken away", async () => {
  const { line, find, type, press } = show([turn(1, { takes: [take()] })]);
  await settled();
  const about = { name: "c1", span: [0.5, 1], region: null };
  const reply = (isWanted: boolean) =>
    find(".nba-turn").dispatchEvent(
      new CustomEvent(REPLY, { bubbles: true, detail: { about, isWanted } }),
    );
  reply(true);
  expect(find(".nba-reply").textContent).toBe("Reply to c1, only 0.50–1.00 s ×");
  expect(document.activeElement).toBe(find(".nba-box"));
  type("bluer");
  await new Promise((resolve) => setTimeout(resolve, REST_MS + 20));
  expect(line.last("get_plan").about).toEqual(about);
  press("Enter");
  const said = line.last("say");
  expect(said).toMatchObject({ line: "bluer", about });
  expect(find(".nba-reply").hidden).toBe(true);
  line.tell({ type: "error", id: said.id, message: "that is blue already" });
  await settled();
  expect(find(".nba-reply").hidden).toBe(false); // the words are back, and what for
  find(".nba-reply").click();
  press("Enter");
  expect(line.last("say").about).toBeNull();
  reply(false);
  press("Escape");
  expect(find(".nba-reply").hidden).toBe(true);
});

test("turns stand in their order, wherever they come from and whenever", async () => {
  const { line, texts } = show([turn(3), turn(5)]);
  await settled();
  line.tell({ type: "turn", turn: turn(9, { place: 4, words: "run again" }) });
  expect(texts(".nba-words")).toEqual(["turn 3", "run again", "turn 5"]);
  line.tell({ type: "gone", turn: 3 });
  expect(texts(".nba-words")).toEqual(["run again", "turn 5"]);
});

test("what was told while the thread was fetched is newer, and stays", async () => {
  const line = new FakeLine();
  const el = document.createElement("div");
  const { signal } = new AbortController();
  panel.render({ model: line as never, el, signal });
  const { id } = line.last("get_thread");
  line.tell({ type: "turn", turn: turn(1, { words: "new" }) });
  line.tell({ type: "gone", turn: 2 });
  const old = [turn(1, { words: "old" }), turn(2)];
  line.tell({ type: "thread", id, turns: old, queue: [], model: "pocket", marks: [] });
  await settled();
  const words = [...el.querySelectorAll(".nba-words")].map((one) => one.textContent);
  expect(words).toEqual(["new"]);
});

test("enter says the line; what cannot be said comes back with the reason", async () => {
  const { line, type, press, box, find, texts } = show();
  type("--sed 3 a cat");
  expect(press("Enter")).toBe(true);
  expect(box()).toBe("");
  expect(texts(".nba-words")).toEqual(["--sed 3 a cat"]);
  const said = line.last("say");
  expect(said).toMatchObject({ line: "--sed 3 a cat", replaces: null, reading: null });
  line.tell({ type: "error", id: said.id, message: "did you mean --seed?" });
  await settled();
  expect(box()).toBe("--sed 3 a cat");
  expect(find("[role=alert].nba-line").textContent).toBe("did you mean --seed?");
  expect(texts(".nba-words")).toEqual([]);
});

test("a line that is being composed is not sent by its enter", () => {
  const { line, type, find } = show();
  type("ボール");
  const event = new KeyboardEvent("keydown", { key: "Enter", isComposing: true });
  find(".nba-box").dispatchEvent(event);
  expect(line.sent.some(({ type: kind }) => kind === "say")).toBe(false);
});

test("up goes back through what was said, down returns to the draft", async () => {
  const { type, press, box } = show([turn(1), turn(2, { options: "--draft" })]);
  await settled();
  expect(press("ArrowUp")).toBe(true);
  expect(box()).toBe("--draft turn 2");
  press("ArrowUp");
  expect(box()).toBe("turn 1");
  expect(press("ArrowUp")).toBe(false);
  press("ArrowDown");
  press("ArrowDown");
  expect(box()).toBe("");
  type("half a thought");
  expect(press("ArrowUp")).toBe(false); // the caret is not at the start
});

test("up brings back what the kernel has not confirmed yet, too", async () => {
  const { type, press, box } = show([turn(1)]);
  await settled();
  type("a red ball");
  press("Enter");
  press("ArrowUp");
  expect(box()).toBe("a red ball");
  press("ArrowUp");
  expect(box()).toBe("turn 1");
});

test("a question is answered by a button, in the question's place", async () => {
  const readings = [
    { intent: "generate_video", label: "Make a new clip" },
    { intent: "refine", label: "Change a clip" },
  ];
  const answer = "Did you mean\n  - a new clip\n  - a change";
  const shown = show([
    turn(1, { readings, answer }),
    turn(2, { readings, answer, origin: "cell" }),
  ]);
  await settled();
  const [own, , ofCell] = shown.all(".nba-readings button");
  expect(shown.texts(".nba-answer")[0]).toBe("Did you mean …");
  own?.click();
  const chosen = { line: "turn 1", replaces: 1, reading: "generate_video" };
  expect(shown.line.last("say")).toMatchObject(chosen);
  ofCell?.click();
  expect(shown.line.last("say")).toMatchObject({ line: "turn 2", replaces: null });
});

test("actors that could stand in are buttons with their pictures", async () => {
  const picture = "data:image/png;base64,iVBORw0KGgo=";
  const readings = [
    { intent: "red ball", label: "Red ball", picture },
    { intent: "cake", label: "Cake", picture },
  ];
  const answer =
    "pocket can't draw a coffee cup; the closest it can draw: ….\nSay which.";
  const shown = show([turn(1, { readings, answer, words: "a coffee cup spins" })]);
  await settled();
  expect(shown.texts(".nba-answer")).toEqual([answer.split("\n")[0]]);
  const buttons = shown.all(".nba-readings button");
  // The name is the label; the picture says nothing more.
  expect(buttons.map((one) => one.textContent)).toEqual(["Red ball", "Cake"]);
  expect(buttons[1]?.querySelector("img")?.getAttribute("alt")).toBe("");
  buttons[1]?.click();
  const chosen = { line: "a coffee cup spins", replaces: 1, reading: "cake" };
  expect(shown.line.last("say")).toMatchObject(chosen);
  // The same turn may ask once more, of others.
  const others = readings.map((one) => ({ ...one, intent: "boat", label: "Boat" }));
  shown.line.tell({ type: "turn", turn: turn(1, { readings: others, answer }) });
  expect(shown.texts(".nba-readings button")).toEqual(["Boat", "Boat"]);
});

test("a turn of the panel is edited in place, a cell's is said again", async () => {
  const shown = show([turn(1), turn(2, { origin: "cell" })]);
  await settled();
  const [edit, again] = shown.all(".nba-edit");
  expect([edit?.textContent, again?.textContent]).toEqual(["Edit", "Use again"]);
  edit?.click();
  expect(shown.box()).toBe("turn 1");
  shown.type("turn one");
  shown.press("Enter");
  expect(shown.line.last("say")).toMatchObject({ line: "turn one", replaces: 1 });
  edit?.click();
  shown.press("Escape");
  expect(shown.box()).toBe("");
  again?.click();
  shown.press("Enter");
  expect(shown.line.last("say")).toMatchObject({ line: "turn 2", replaces: null });
});

test("the plan follows the words, and its chips write options into the box", async () => {
  vi.useFakeTimers();
  const { line, type, find, box } = show();
  type("a red");
  type("a red ball");
  await vi.advanceTimersByTimeAsync(REST_MS + 1);
  const asked = line.sent.filter((request) => request.type === "get_plan");
  expect(asked).toMatchObject([{ line: "a red ball", replaces: null }]);
  const reply = {
    type: "plan",
    id: line.last("get_plan").id,
    does: "new clip",
    take: take({ seed: 42 }),
    num_takes: 1,
    estimate_s: 2.5,
    note: "pocket can't show a hat.",
  } as const;
  line.tell(reply);
  await vi.advanceTimersByTimeAsync(1);
  expect(find(".nba-does").textContent).toBe("new clip");
  expect(find(".nba-plan").textContent).toContain("can't show a hat");
  expect(find(".nba-plan").textContent).toContain("about 2.5 s");
  const seed = find<HTMLInputElement>("[aria-label=Seed]");
  expect(seed.value).toBe("42");
  seed.value = "7";
  seed.dispatchEvent(new Event("change"));
  expect(box()).toBe("--seed 7 a red ball");
  const quality = find<HTMLSelectElement>("[aria-label=Quality]");
  quality.value = "draft";
  quality.dispatchEvent(new Event("change"));
  expect(box()).toBe("--seed 7 --draft a red ball");
  await vi.advanceTimersByTimeAsync(REST_MS + 1);
  line.tell({ type: "error", id: line.last("get_plan").id, message: "half typed" });
  await vi.advanceTimersByTimeAsync(1);
  expect(find(".nba-plan").hidden).toBe(true);
  vi.useRealTimers();
});

test("candidates are chosen by keys and put where they belong", async () => {
  const { line, type, press, box, texts, find } = show();
  type("like @c");
  const { id } = line.last("complete");
  line.tell({
    type: "completed",
    id,
    start: 5,
    words: ["@c1", "@c2"],
    pictures: [null, null],
  });
  await settled();
  expect(texts("[role=option]")).toEqual(["@c1", "@c2"]);
  press("ArrowDown");
  expect(find("[role=option][aria-selected=true]").textContent).toBe("@c2");
  expect(press("Enter")).toBe(true);
  expect(box()).toBe("like @c2 ");
  expect(line.sent.some(({ type: kind }) => kind === "say")).toBe(false);
  expect(find(".nba-suggest").hidden).toBe(true);
});

test("the gallery has the finished clips, and finds them by words", async () => {
  const takes = [take({ name: "c1", state: "done", prompt: "red ball, beach" })];
  const more = [
    take({ name: "c2", state: "done", prompt: "blue cube", quality: "draft" }),
    take({ name: "c3", state: "running" }),
  ];
  const shown = show([turn(1, { takes }), turn(2, { takes: more, state: "running" })]);
  await settled();
  const clips = shown.all("[role=tab]")[1];
  expect(clips?.textContent).toBe("Clips 2");
  clips?.click();
  const names = () =>
    shown
      .all(".nba-card")
      .filter((card) => !card.hidden)
      .map((card) => card.querySelector(".nba-name")?.textContent);
  expect(names()).toEqual(["c2", "c1"]);
  const search = shown.find<HTMLInputElement>("[type=search]");
  search.value = "Beach red";
  search.dispatchEvent(new Event("input"));
  expect(names()).toEqual(["c1"]);
  search.value = "";
  const kind = shown.find<HTMLSelectElement>("[aria-label=Filter]");
  kind.value = "drafts";
  kind.dispatchEvent(new Event("change"));
  expect(names()).toEqual(["c2"]);
  shown.type("like");
  shown.find(".nba-card-use").click();
  expect(shown.box()).toContain("@c");
});

test("what waits is listed with its position, and moves", async () => {
  const takes = [take({ name: "c1" }), take({ name: "c2" })];
  const { line, all, find } = show([turn(1, { takes, state: "running" })]);
  await settled();
  const order = [0, 1].map((index) => ({ turn: 1, index }));
  line.tell({ type: "queue", order });
  expect(find(".nba-queue").hidden).toBe(false);
  const names = all(".nba-queue .nba-name").map((one) => one.textContent);
  expect(names).toEqual(["c1", "c2"]);
  find("[aria-label='Move c2 up']").click();
  expect(line.last("move")).toMatchObject({ turn: 1, index: 1, to: 0 });
  line.tell({ type: "queue", order: [] });
  expect(find(".nba-queue").hidden).toBe(true);
});

test("an answer is shown as it is written, and read aloud once it is whole", async () => {
  const thinking = turn(1, { state: "thinking" });
  const { line, find } = show([thinking]);
  await settled();
  expect(find(".nba-wait").hidden).toBe(false);
  line.tell({ type: "text", turn: 1, text: "It is" });
  expect(find(".nba-answer").textContent).toBe("It is");
  expect(find(".nba-wait").hidden).toBe(true);
  expect(find(".nba-thread > [aria-live]").textContent).toBe("");
  line.tell({
    type: "turn",
    turn: { ...thinking, state: "done", answer: "It is so." },
  });
  expect(find(".nba-thread > [aria-live]").textContent).toBe("It is so.");
});

test("a player in the thread is the cells' own, and asks for its turn", async () => {
  const { line, find } = show([turn(4, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => find(".nba-turn .nba-player"));
  expect(line.last("get_clip")).toMatchObject({ turn: 4, index: 0 });
  expect(find(".nba-player").classList.contains("nba-live")).toBe(false);
  const running = take({ state: "running", phase: "denoise", step: 3 });
  line.tell({ type: "take", turn: 4, state: "running", index: 0, take: running });
  expect(find(".nba-status").textContent).toContain("step 3 of 20");
  expect(find("[title^='Stop']").hidden).toBe(false);
});

test("without its kernel the panel says so, and keeps what was said", async () => {
  const { line, find, texts } = show([turn(1)]);
  await settled();
  line.emit("comm_live_update");
  await settled();
  expect(find(".nba-lost-kernel").textContent).toContain("Run %nbagent panel again");
  expect(find(".nba-composer").inert).toBe(true);
  expect(texts(".nba-words")).toEqual(["turn 1"]);
});

test("settings say what reads the turns, what can be set, and what was spent", async () => {
  const { find, line, all, texts } = show();
  all("[role=tab]")[3]?.click();
  const limit = {
    name: "limit",
    label: "Ask before long turns",
    help: "seconds",
    value: "300",
    choices: [],
  };
  const answer = (value: string) =>
    line.tell({
      type: "settings",
      id: line.last("get_settings").id,
      settings: [{ ...limit, value }],
      brains: ["qwen3", "reader"],
      cost: [{ label: "steps", value: "40" }],
      estimate: "an estimate",
    });
  answer("300");
  await settled();
  expect(texts(".nba-cost dd")).toEqual(["40"]);
  const menu = find<HTMLSelectElement>('[aria-label="Language model"]');
  expect([menu.value, menu.options.length]).toEqual(["qwen3", 2]);
  menu.value = "reader";
  menu.dispatchEvent(new Event("change"));
  expect(line.last("use_brain")).toMatchObject({ brain: "reader" });
  const field = find<HTMLInputElement>('[aria-label="Ask before long turns"]');
  field.value = "soon";
  field.dispatchEvent(new Event("change"));
  const { id, ...sent } = line.last("set");
  expect(sent).toMatchObject({ name: "limit", value: "soon" });
  line.tell({ type: "error", id, message: "'soon' is no number" });
  await settled();
  answer("300");
  await settled();
  expect(find(".nba-notice").textContent).toBe("'soon' is no number");
  expect(find<HTMLInputElement>(".nba-value[type=text]").value).toBe("300");
  for (const button of all(".nba-page .nba-pill")) {
    if (button.textContent === "Connect a language model") button.click();
  }
  expect(line.last("connect_model").type).toBe("connect_model");
});

test("a model that cannot run here is shown with the reason, and not offered", async () => {
  const { line, all, texts } = show();
  await settled();
  all("[role=tab]")[2]?.click();
  const { id } = line.last("get_models");
  const model = {
    name: "pocket",
    here: true,
    licence: "BSD-3",
    size_bytes: 45e6,
    fit: "resident",
    why_not: "",
    seconds: 90,
  };
  const large = { name: "wan", here: false, why_not: "wan needs 40 GB" };
  line.tell({ type: "models", id, models: [model, { ...model, ...large }] });
  await settled();
  expect(texts(".nba-page h3").slice(0, 2)).toEqual([
    "On this machine",
    "Cannot run here",
  ]);
  expect(texts(".nba-model p")[0]).toBe(
    "BSD-3 · about 45.0 MB · 1 min 30 s a clip here",
  );
  expect(texts(".nba-unfit .nba-fit")).toEqual(["wan needs 40 GB"]);
  const buttons = all(".nba-model button") as HTMLButtonElement[];
  expect(buttons.map(({ disabled }) => disabled)).toEqual([true, true]); // in use, unfit
});

test("knobs write what they mean into the box, and show what it says", async () => {
  const { find, type, box } = show();
  const choose = (label: string, value: string) => {
    const knob = find<HTMLSelectElement>(`[aria-label="${label}"]`);
    knob.value = value;
    knob.dispatchEvent(new Event("change"));
  };
  type("a boat at sea");
  choose("Shape", "16:9");
  choose("Length", "4 s");
  choose("Takes", "4");
  choose("Quality", "draft");
  expect(box()).toBe("--takes 4 --draft a boat at sea, 16:9, 4 s");
  choose("Shape", "1:1");
  choose("Takes", "");
  expect(box()).toBe("--draft a boat at sea, 4 s, 1:1");
  type("--takes 5 a boat, 9:16");
  const value = (label: string) =>
    find<HTMLSelectElement>(`[aria-label="${label}"]`).value;
  expect([value("Takes"), value("Shape"), value("Length")]).toEqual(["5", "9:16", ""]);
});

test("a picture that is dropped or pasted becomes a name in the box", async () => {
  const { find, line, box } = show();
  const file = new File(["jpeg"], "beach.jpg", { type: "image/jpeg" });
  const paste = new Event("paste", { bubbles: true, cancelable: true });
  Object.assign(paste, { clipboardData: { files: [file], types: ["Files"] } });
  find(".nba-box").dispatchEvent(paste);
  expect(paste.defaultPrevented).toBe(true);
  await vi.waitFor(() => line.last("bring"));
  const { id, file_name } = line.last("bring");
  expect(file_name).toBe("beach.jpg");
  expect(line.buffers.at(-1)?.byteLength).toBe(4);
  line.tell({ type: "brought", id, name: "photo1" });
  await vi.waitFor(() => expect(box()).toBe("@photo1 "));
  const large = new File([new Uint8Array(9_000_001)], "film.mp4");
  const drop = new Event("drop", { bubbles: true, cancelable: true });
  const files = { files: [large], types: ["Files"], getData: () => "" };
  Object.assign(drop, { dataTransfer: files });
  find(".nba-field").dispatchEvent(drop);
  await settled();
  expect(find(".nba-line").textContent).toContain("film.mp4 has 9.0 MB");
  expect(line.last("bring").file_name).toBe("beach.jpg");
});

test("a clip is marked, and deleted only when nobody has undone it", async () => {
  vi.useFakeTimers();
  const done = (id: number) => [take({ name: `c${id}`, state: "done" })];
  const shown = show([turn(1, { takes: done(1) }), turn(2, { takes: done(2) })]);
  await vi.advanceTimersByTimeAsync(5);
  const button = (label: string) =>
    shown.all(`button[aria-label="${label}"]`) as HTMLButtonElement[];
  button("Favourite: c1")[0]?.click();
  const { id, type: _, ...mark } = shown.line.last("mark");
  expect(mark).toEqual({ name: "c1", favourite: true, tags: [] });
  shown.line.tell({ type: "marks", marks: [mark] });
  expect(button("Favourite: c1")[0]?.getAttribute("aria-pressed")).toBe("true");
  const field = shown.find<HTMLInputElement>('[aria-label="Add a tag to c1"]');
  field.value = "#sea";
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(shown.line.last("mark")).toMatchObject({ tags: ["sea"], favourite: true });
  // Only the newest turn is taken back.
  expect(button("Undo the last turn")).toHaveLength(1);
  button("Undo the last turn")[0]?.click();
  expect(shown.line.last("say").line).toBe("undo");
  button("Delete c1")[0]?.click();
  expect(shown.find(".nba-leaving")).toBeTruthy();
  await vi.advanceTimersByTimeAsync(UNDO_MS - 10);
  (shown.all(".nba-ask button")[0] as HTMLButtonElement).click();
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(shown.line.sent.some(({ type }) => type === "delete")).toBe(false);
  button("Delete c1")[0]?.click();
  button("Delete c2")[0]?.click();
  await vi.advanceTimersByTimeAsync(UNDO_MS + 10);
  expect(shown.line.last("delete").names).toEqual(["c1", "c2"]);
  const { id: deleting } = shown.line.last("delete");
  shown.line.tell({ type: "turn", turn: turn(2) });
  shown.line.tell({ type: "line", id: deleting, line: "deleted: c2" });
  await vi.advanceTimersByTimeAsync(1);
  expect(shown.all(".nba-turn")[1]?.textContent).toContain("What it made is deleted.");
  const first = shown.all(".nba-turn")[0];
  expect(first?.querySelector('[aria-label="Undo the last turn"]')).not.toBeNull();
  vi.useRealTimers();
});

test("clips that are chosen together are packed, and two of them compared", async () => {
  const takes = ["c1", "c2", "c3"].map((name) => take({ name, state: "done" }));
  const shown = show([turn(1, { takes })]);
  await settled();
  shown.all("[role=tab]")[1]?.click();
  const choose = (name: string) =>
    shown.find<HTMLInputElement>(`[aria-label="Choose ${name}"]`).click();
  const bar = (text: string) =>
    shown.all(".nba-chosen-bar button").find((one) => one.textContent === text);
  choose("c1");
  expect(bar("Compare")).toBeUndefined();
  bar("More like this")?.click();
  expect(shown.box()).toBe("--takes 4 another take");
  expect(shown.find(".nba-reply").textContent).toBe("Reply to c1 ×");
  choose("c3");
  bar("Download")?.click();
  expect(shown.line.last("get_zip").names).toEqual(["c1", "c3"]);
  bar("Compare")?.click();
  for (const sent of shown.line.sent) {
    if (sent.type === "get_named") shown.line.tell({ type: "clip", id: sent.id });
  }
  await vi.waitFor(() => expect(shown.find(".nba-pair").hidden).toBe(false));
  expect(shown.texts(".nba-pair .nba-name")).toEqual(["c1", "c3"]);
  shown.line.tell({
    type: "marks",
    marks: [{ name: "c2", favourite: true, tags: ["sea"] }],
  });
  const filter = shown.find<HTMLSelectElement>("[aria-label=Filter]");
  filter.value = "favourites";
  filter.dispatchEvent(new Event("change"));
  const names = () =>
    shown
      .all(".nba-card")
      .filter((card) => !card.hidden)
      .map((card) => card.dataset.key);
  expect(names()).toEqual(["1-1"]);
});

test("the end of a long render is told to somebody who looks elsewhere", async () => {
  vi.useFakeTimers();
  localStorage.clear();
  document.title = "notebook";
  const told: string[] = [];
  class FakeNotification {
    static permission = "default";
    static requestPermission = async () => {
      FakeNotification.permission = "granted";
      return "granted";
    };
    constructor(title: string) {
      told.push(title);
    }
  }
  vi.stubGlobal("Notification", FakeNotification);
  let isHidden = false;
  Object.defineProperty(document, "hidden", {
    get: () => isHidden,
    configurable: true,
  });
  const { line, find, end } = show();
  const render = async (id: number, ms: number) => {
    const takes = [take({ name: `c${id}`, state: "running" })];
    line.tell({ type: "turn", turn: turn(id, { state: "running", takes }) });
    await vi.advanceTimersByTimeAsync(ms);
    line.tell({ type: "turn", turn: turn(id, { takes }) });
  };
  const question = () =>
    (find(".nba-composer").parentElement as HTMLElement).querySelectorAll<HTMLElement>(
      ".nba-ask",
    )[1] as HTMLElement;
  const takes = [take({ name: "c1", state: "running" })];
  line.tell({ type: "turn", turn: turn(1, { state: "running", takes }) });
  await vi.advanceTimersByTimeAsync(LONG_MS + 1);
  expect(question().hidden).toBe(false);
  question().querySelector("button")?.click();
  await vi.advanceTimersByTimeAsync(1);
  expect(question().hidden).toBe(true);
  isHidden = true;
  line.tell({ type: "turn", turn: turn(1, { takes }) });
  expect(told).toEqual(["c1 is ready"]);
  expect(document.title).toBe("● notebook");
  await render(2, LONG_MS - 100); // a short one is waited for
  expect(told).toHaveLength(1);
  isHidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(document.title).toBe("notebook");
  await render(3, LONG_MS + 1); // it was seen
  expect(told).toHaveLength(1);
  expect(question().hidden).toBe(true); // asked once
  end.abort();
  vi.useRealTimers();
});

test("a model's Markdown is shown as what it says", async () => {
  const answer = "# Why\n\n* **round**";
  const answer_html = "<h1>Why</h1>\n<ul>\n<li><strong>round</strong></li>\n</ul>";
  const thinking = turn(1, { state: "thinking" });
  const { line, find } = show([thinking]);
  await settled();
  line.tell({ type: "text", turn: 1, text: "# Wh" });
  expect(find(".nba-answer").textContent).toBe("# Wh"); // until it is whole
  const done = { ...thinking, state: "done", answer, answer_html } as const;
  line.tell({ type: "turn", turn: done });
  expect(find(".nba-answer h4").textContent).toBe("Why");
  expect(find(".nba-answer li strong").textContent).toBe("round");
  const shown = find(".nba-answer li");
  line.tell({ type: "turn", turn: { ...done, note: "answered by m" } });
  expect(find(".nba-answer li")).toBe(shown); // nothing that is selected is lost
});

test("a card says what changed, and repeats no words of its turn", async () => {
  const first = take({ state: "done" });
  const changes = ["+ at night", "\u2212 at sunset"];
  const second = take({ name: "c2", state: "done", parent: "c1", changes });
  const shown = show([
    turn(1, { takes: [first] }),
    turn(2, { words: "at night", takes: [second] }),
  ]);
  await vi.waitFor(() => expect(shown.all(".nba-request")).toHaveLength(2));
  expect(shown.texts(".nba-request")).toEqual(["turn 1", "at night at sunset"]);
  const isRepeated = (el: Element) => el.classList.contains("nba-repeats");
  expect(shown.all(".nba-request").map(isRepeated)).toEqual([true, false]);
});

test("words of users and models are never markup", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  const { el } = show([
    turn(1, { words: evil, answer: evil, note: evil, error: evil }),
  ]);
  await settled();
  expect(el.querySelector("img[src=x]")).toBeNull();
});

test("every control has a name", async () => {
  const shown = show([turn(1, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => shown.find(".nba-player"));
  shown.all("[role=tab]")[1]?.click();
  for (const control of shown.all("button, input, select, textarea")) {
    const name = control.getAttribute("aria-label") ?? control.textContent?.trim();
    expect(name, control.outerHTML).toBeTruthy();
  }
});

test("the end of a view leaves no listener behind", async () => {
  const { line, end, find } = show([turn(1, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => find(".nba-player"));
  expect(line.listeners).toBeGreaterThan(0);
  end.abort();
  expect(line.listeners).toBe(0);
});

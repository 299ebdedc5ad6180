import { beforeEach, expect, test } from "vitest";
import start from "../src/start";
import type { StartRequest, StartState } from "../src/wire";

type Listener = (...values: never[]) => void;

const STATE: StartState = {
  own_id: "gallery",
  examples: [
    { title: "A ball", cell: "%agent a ball", turn: "a ball" },
    { title: "Bars", cell: "sales = 1\n%agent animate @sales", turn: "" },
  ],
  palette: { Who: ["a cat", "a dog"], Where: ["in the snow"] },
  follow_ups: [],
};

class FakeGallery {
  sent: StartRequest[] = [];
  widget_manager = { get_model: async () => undefined };
  #listeners = new Map<string, Set<Listener>>();

  get<K extends keyof StartState>(name: K): StartState[K] {
    return STATE[name];
  }

  on(event: string, listener: Listener): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  send(request: StartRequest): void {
    this.sent.push(request);
  }

  reply(reply: object): void {
    const { id } = this.sent.at(-1) as StartRequest;
    for (const listener of this.#listeners.get("msg:custom") ?? [])
      listener({ ...reply, id } as never, [] as never);
  }
}

let model: FakeGallery;

const button = (name: string) =>
  document.querySelector(`button[aria-label="${name}"]`) as HTMLButtonElement;
const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  document.body.replaceChildren();
  model = new FakeGallery();
  const props = { model, el: document.body, signal: new AbortController().signal };
  start.render(props as never);
});

test("an example is run, and its answer is read below", async () => {
  button("Run: A ball").click();
  expect(model.sent.at(-1)).toMatchObject({ type: "run", turn: "a ball" });
  expect(button("Run: A ball").disabled).toBe(true);
  model.reply({ type: "ran", line: "is it this one?" });
  await settled();
  expect(button("Run: A ball").disabled).toBe(false);
  expect(document.querySelector('[role="status"]')?.textContent).toBe(
    "is it this one?",
  );
});

test("what needs data of the user's has no button that cannot work", () => {
  expect(button("Run: Bars")).toBeNull();
  expect(button("Copy: Bars")).not.toBeNull();
  expect(button("Put into a cell: Bars")).toBeNull(); // this host has no cells
});

test("a turn is put together from words, one of each group", () => {
  const word = (text: string) =>
    [...document.querySelectorAll("button")].find((one) => one.textContent === text);
  const line = document.querySelector("input") as HTMLInputElement;
  for (const text of ["a cat", "in the snow", "a dog"]) word(text)?.click();
  expect(line.value).toBe("a dog in the snow");
  expect(word("a cat")?.getAttribute("aria-pressed")).toBe("false");
  word("a dog")?.click();
  expect(line.value).toBe("in the snow");
});

test("this machine is looked at when it is asked for", async () => {
  expect(model.sent.some(({ type }) => type === "look_around")).toBe(false);
  const details = document.querySelectorAll("details")[1] as HTMLDetailsElement;
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
  expect(model.sent.at(-1)).toMatchObject({ type: "look_around" });
  model.reply({ type: "around", lines: ["Fits this machine: wan."] });
  await settled();
  expect(details.textContent).toContain("Fits this machine: wan.");
});

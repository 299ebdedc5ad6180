// Tells of the end of a long render to somebody who looks at another page: a mark in the
// tab's title, and a notification of the browser for those who want one.

import { h } from "./dom";
import { row } from "./settings";
import type { Store } from "./store";
import type { TurnView } from "./wire";

/** Shorter renders are waited for. */
export const LONG_MS = 20_000;
const MARK = "● ";
const KEY = "nbagent-notify"; // what was answered: yes or no

export class Notifier {
  /** The switch among the settings. */
  readonly el: HTMLElement;
  /** The question, asked once and at the first render that takes long. */
  readonly question = h("div", { class: "nba-ask", role: "status", hidden: true });
  #began = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #switch = h("input", { type: "checkbox", "aria-label": "Notify me" });

  constructor(store: Store, signal: AbortSignal) {
    this.el = row(
      "Notify me",
      "when a long render ends and I look elsewhere",
      this.#switch,
    );
    this.#switch.checked = wanted() === "yes";
    this.#switch.addEventListener("change", () => void this.#set(this.#switch.checked));
    const yes = h("button", { type: "button", class: "nba-pill" }, "Notify me");
    const no = h("button", { type: "button", class: "nba-link" }, "No, thanks");
    yes.addEventListener("click", () => void this.#set(true));
    no.addEventListener("click", () => void this.#set(false));
    this.question.append("This takes a while.", yes, no);
    const seen = () => {
      if (!document.hidden) unmark();
    };
    document.addEventListener("visibilitychange", seen);
    const end = store.listen((change) => {
      if ("turn" in change) this.#look(change.turn);
    });
    signal.addEventListener("abort", () => {
      end();
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", seen);
      unmark();
    });
  }

  #look(turn: TurnView): void {
    const began = this.#began.get(turn.id);
    if (turn.state === "running") {
      if (began !== undefined) return;
      this.#began.set(turn.id, Date.now());
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), LONG_MS);
      return;
    }
    if (began === undefined) return;
    this.#began.delete(turn.id);
    if (this.#began.size === 0) {
      clearTimeout(this.#timer);
      this.question.hidden = true;
    }
    if (Date.now() - began >= LONG_MS && document.hidden) this.#tell(turn);
  }

  #ask(): void {
    const isOpen = "Notification" in window && Notification.permission === "default";
    this.question.hidden = !isOpen || wanted() !== null;
  }

  async #set(isOn: boolean): Promise<void> {
    this.question.hidden = true;
    const isGranted =
      isOn &&
      "Notification" in window &&
      (await Notification.requestPermission()) === "granted";
    remember(isGranted ? "yes" : "no");
    this.#switch.checked = isGranted;
  }

  #tell({ state, takes, words }: TurnView): void {
    if (!document.title.startsWith(MARK)) document.title = MARK + document.title;
    const isAllowed = "Notification" in window && Notification.permission === "granted";
    if (wanted() !== "yes" || !isAllowed) return;
    const names = takes.map(({ name }) => name).join(", ");
    const note = new Notification(
      state === "done" ? `${names} is ready` : `${names}: ${state}`,
      {
        body: words,
        tag: "nbagent",
        silent: true,
      },
    );
    note.onclick = () => window.focus();
  }
}

// A page in a sandbox has no storage: there the answer holds until it is closed.
let answered: string | null = null;

function wanted(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return answered;
  }
}

function remember(answer: "yes" | "no"): void {
  answered = answer;
  try {
    localStorage.setItem(KEY, answer);
  } catch {
    // it is remembered here alone
  }
}

function unmark(): void {
  if (document.title.startsWith(MARK))
    document.title = document.title.slice(MARK.length);
}

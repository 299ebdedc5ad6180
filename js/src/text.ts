// Words and numbers as the player says them.

import type { Phase, TakeView } from "./wire";

/** Phases that are counted: in steps of a model, or in frames that are drawn. */
type Counted = "denoise" | "draw";

const COUNTED: Record<Counted, [string, string]> = {
  denoise: ["denoising", "step"],
  draw: ["drawing", "frame"],
};

const PHASES: Record<Exclude<Phase, Counted>, string> = {
  load: "loading the model",
  encode: "reading the prompt",
  decode: "decoding the frames",
  write: "writing the clip",
};

/** Where a take is, in a few words. */
export function statusText(take: TakeView): string {
  switch (take.state) {
    case "queued":
      return joined("queued", take.message);
    case "running":
      return runningText(take);
    case "paused":
      return joined(
        "paused",
        take.step ? `step ${take.step} of ${take.num_steps}` : "",
      );
    case "done":
      return take.elapsed_s > 0
        ? joined(`rendered in ${seconds(take.elapsed_s)}`, take.message)
        : joined("ready", take.message);
    case "failed":
      return take.message || "failed; the kernel gave no reason";
    case "cancelled":
      return joined("cancelled", take.message);
    default:
      return unreachable(take.state);
  }
}

/** The main words of a card: what is different, or else what was asked. */
export function heading(take: TakeView | undefined, request: string): Said[] {
  if (take?.changes.length) return take.changes.map(saidOf);
  return [{ text: take?.is_scene ? take.prompt : request, isGone: false }];
}

interface Said {
  text: string;
  /** Whether this is what is there no more. */
  isGone: boolean;
}

function saidOf(change: string): Said {
  return {
    text: change.replace(/^[+\u2212] /, ""),
    isGone: change.startsWith("\u2212"),
  };
}

/** What somebody should know of a turn. What its acts did is in the heading. */
export function noteText(note: string): string {
  const lines = note.split("\n");
  return lines.filter((line) => /\.$|^read by /.test(line)).join(" ");
}

/** Whether a take has not ended. */
export function isGoing(take: TakeView): boolean {
  return ["queued", "running", "paused"].includes(take.state);
}

/** Whether a take can end now with the clip as it looks: not before it has a shape. */
export function canKeep(take: TakeView): boolean {
  const { state, phase, step, message } = take;
  if (state !== "running" || phase !== "denoise" || step === 0) return false;
  // A draft that goes ahead is another clip, and a part before the last no whole one.
  const [, part, parts] = message.match(PART) ?? [];
  return message !== DRAFT_FIRST && part === parts;
}

/** The picture of a take that has none yet: a sign, and a word or two. */
export function signOf(take: TakeView): [sign: Sign, words: string] {
  const { state, phase, step, num_steps, message } = take;
  if (state === "queued" && step > 0) return ["wait", "going on soon"];
  if (state === "queued") return ["wait", message || "waiting for its turn"];
  if (state === "paused") return ["pause", "paused"];
  if (state === "failed") return ["fail", "no clip"];
  if (state === "cancelled")
    return ["stop", step ? `stopped at step ${step}` : "stopped"];
  if (state === "done") return ["wait", "fetching the clip"];
  if (phase === "load" && step > 0) {
    return ["load", shareText(take)];
  }
  if (phase === "load" || phase === null) return ["load", phaseText(phase)];
  return ["make", isCounted(phase) ? `step ${step} of ${num_steps}` : phaseText(phase)];
}

export type Sign = "wait" | "load" | "make" | "pause" | "stop" | "fail";

const PART = /^part (\d+) of (\d+)/;
const DRAFT_FIRST = "a draft first";

/** What a screen reader is told: changes of state, never every step. */
export function announcement(take: TakeView): string {
  if (take.state !== "running") return `${take.name} ${statusText(take)}`;
  const { phase } = take;
  const said = isCounted(phase) ? COUNTED[phase][0] : phaseText(phase);
  return `${take.name} ${said}`;
}

/** A duration that is easy to read: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function seconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60)
    return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

export function sizeText(bytes: number): string {
  return bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A `default` that the compiler checks: reached only if a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}

function runningText(take: TakeView): string {
  const { phase, message } = take;
  if (phase === "load" && take.step > 0) {
    const got = message.replace(/ downloaded$/, "");
    return ["downloading the model", got, shareText(take)].filter(Boolean).join(" · ");
  }
  if (!isCounted(phase)) return joined(phaseText(phase), message);
  const parts = [message, `${COUNTED[phase][1]} ${take.step} of ${take.num_steps}`];
  if (take.eta_s !== null) parts.push(etaText(take.eta_s, PART.test(message)));
  return parts.filter(Boolean).join(" · ");
}

/** Whether how far a phase has come is known. */
export function isCounted(phase: Phase | null): phase is Counted {
  return phase === "denoise" || phase === "draw";
}

function shareText({ step, num_steps }: TakeView): string {
  return `${Math.min(100, Math.floor((100 * step) / num_steps))} %`;
}

function phaseText(phase: Exclude<Phase, Counted> | null): string {
  return phase === null ? "starting" : PHASES[phase];
}

/** The time left of what is counted: of one part of a clip, it is not the clip's. */
function etaText(eta_s: number, isPart: boolean): string {
  if (eta_s < 1) return isPart ? "" : "almost there";
  const left = eta_s < 60 ? `${Math.ceil(eta_s)} s` : seconds(eta_s);
  return isPart ? `about ${left} for this part` : `about ${left} left`;
}

function joined(state: string, message: string): string {
  return message ? `${state} · ${message}` : state;
}

/** An error as one line for the user. */
export function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

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

/** What a screen reader is told: changes of state, never every step. */
export function announcement(take: TakeView): string {
  if (take.state !== "running") return `${take.name} ${statusText(take)}`;
  const { phase } = take;
  const said = isCounted(phase) ? COUNTED[phase][0] : phaseText(phase);
  return `${take.name} ${said}`;
}

export function metaText(take: TakeView): string {
  const size = take.width && take.height ? `${take.width}×${take.height}` : "";
  let frames = "";
  if (take.num_frames === 1) frames = "still image";
  if (take.num_frames > 1) {
    frames = `${take.num_frames} frames · ${round(take.fps)} fps`;
  }
  const seed = take.model ? `seed ${take.seed}` : ""; // without a model, no noise
  const facts = [seed, size, frames, take.model, take.quality];
  return facts.filter(Boolean).join(" · ");
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
  const parts = [take.message];
  const { phase } = take;
  if (isCounted(phase)) {
    parts.push(`${COUNTED[phase][1]} ${take.step} of ${take.num_steps}`);
    if (take.eta_s !== null) parts.push(etaText(take.eta_s));
  } else parts.push(phaseText(phase));
  return parts.filter(Boolean).join(" · ");
}

/** Whether how far a phase has come is known. */
export function isCounted(phase: Phase | null): phase is Counted {
  return phase === "denoise" || phase === "draw";
}

function phaseText(phase: Exclude<Phase, Counted> | null): string {
  return phase === null ? "starting" : PHASES[phase];
}

function etaText(eta_s: number): string {
  return eta_s < 1
    ? "almost there"
    : `about ${eta_s < 60 ? `${Math.ceil(eta_s)} s` : seconds(eta_s)} left`;
}

function joined(state: string, message: string): string {
  return message ? `${state} · ${message}` : state;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** An error as one line for the user. */
export function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

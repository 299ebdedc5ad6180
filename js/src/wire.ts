// Printed by `python -m nbagent.notebook.wire`; change that file, not this one.

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export type Phase = "load" | "encode" | "denoise" | "decode" | "write";

export type Quality = "draft" | "final";

export type TurnState = "thinking" | "running" | "done" | "failed" | "cancelled";

export type SaveFormat = "mp4" | "webm" | "gif" | "webp" | "png";

export type Origin = "cell" | "panel";

export interface TakeView {
  name: string;
  state: JobState;
  phase: Phase | null;
  step: number;
  num_steps: number;
  elapsed_s: number;
  eta_s: number | null;
  message: string;
  fps: number;
  num_frames: number;
  width: number;
  height: number;
  prompt: string;
  seed: number;
  model: string;
  quality: Quality;
}

export interface PlayerState {
  request: string;
  note: string;
  turn_state: TurnState;
  takes: TakeView[];
}

export interface GetClip {
  type: "get_clip";
  id: string;
  index: number;
}

export interface GetPreview {
  type: "get_preview";
  id: string;
  index: number;
}

export interface Cancel {
  type: "cancel";
  id: string;
  index: number | null;
}

export interface Keep {
  type: "keep";
  id: string;
  index: number;
}

export interface Save {
  type: "save";
  id: string;
  index: number;
  format: SaveFormat;
}

export interface ClipReply {
  type: "clip";
  id: string;
}

export interface PreviewReply {
  type: "preview";
  id: string;
}

export interface CancelReply {
  type: "cancelling";
  id: string;
}

export interface KeepReply {
  type: "keeping";
  id: string;
}

export interface SaveReply {
  type: "saved";
  id: string;
  path: string;
}

export interface ErrorReply {
  type: "error";
  id: string;
  message: string;
}

export interface TurnView {
  id: number;
  place: number;
  origin: Origin;
  options: string;
  words: string;
  state: TurnState;
  answer: string;
  error: string;
  note: string;
  takes: TakeView[];
}

export interface PanelState {
  conversation: string;
  render_model: string;
}

export interface GetThread {
  type: "get_thread";
  id: string;
}

export interface Say {
  type: "say";
  id: string;
  line: string;
}

export interface Stop {
  type: "stop";
  id: string;
}

export interface ThreadReply {
  type: "thread";
  id: string;
  turns: TurnView[];
}

export interface SaidReply {
  type: "said";
  id: string;
  turn: number;
}

export interface StopReply {
  type: "stopping";
  id: string;
  line: string;
}

export interface TurnEvent {
  type: "turn";
  turn: TurnView;
}

export interface TakeEvent {
  type: "take";
  turn: number;
  state: TurnState;
  index: number;
  take: TakeView;
}

export interface GoneEvent {
  type: "gone";
  turn: number;
}

export type Request = GetClip | GetPreview | Cancel | Keep | Save;

export type Reply =
  | ClipReply
  | PreviewReply
  | CancelReply
  | KeepReply
  | SaveReply
  | ErrorReply;

export type OwnRequest = GetThread | Say | Stop;

/** What a player asks, of one turn of the panel. */
export type TakeRequest = Request & { turn: number };

export type PanelRequest = TakeRequest | OwnRequest;

export type OwnReply = ThreadReply | SaidReply | StopReply;

export type PanelReply = Reply | OwnReply;

export type PanelEvent = TurnEvent | TakeEvent | GoneEvent;

export const SAVE_FORMATS = ["mp4", "webm", "gif", "webp", "png"] as const;

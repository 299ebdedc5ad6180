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

export interface ReadingView {
  intent: string;
  label: string;
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
  readings: ReadingView[];
  takes: TakeView[];
}

export interface TakePlace {
  turn: number;
  index: number;
}

export interface ModelView {
  name: string;
  here: boolean;
}

export interface GetThread {
  type: "get_thread";
  id: string;
}

export interface Say {
  type: "say";
  id: string;
  line: string;
  replaces: number | null;
  reading: string | null;
}

export interface Stop {
  type: "stop";
  id: string;
}

export interface GetPlan {
  type: "get_plan";
  id: string;
  line: string;
  replaces: number | null;
}

export interface Complete {
  type: "complete";
  id: string;
  line: string;
}

export interface Move {
  type: "move";
  id: string;
  turn: number;
  index: number;
  to: number;
}

export interface GetPoster {
  type: "get_poster";
  id: string;
  turn: number;
  index: number;
}

export interface GetModels {
  type: "get_models";
  id: string;
}

export interface UseModel {
  type: "use_model";
  id: string;
  model: string;
}

export interface Export {
  type: "export";
  id: string;
}

export interface ThreadReply {
  type: "thread";
  id: string;
  turns: TurnView[];
  queue: TakePlace[];
  model: string;
}

export interface SaidReply {
  type: "said";
  id: string;
  turn: number;
}

export interface PlanReply {
  type: "plan";
  id: string;
  does: string;
  take: TakeView | null;
  num_takes: number;
  estimate_s: number | null;
  note: string;
}

export interface CompleteReply {
  type: "completed";
  id: string;
  start: number;
  words: string[];
}

export interface PosterReply {
  type: "poster";
  id: string;
}

export interface ModelsReply {
  type: "models";
  id: string;
  models: ModelView[];
}

export interface LineReply {
  type: "line";
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

export interface TextEvent {
  type: "text";
  turn: number;
  text: string;
}

export interface QueueEvent {
  type: "queue";
  order: TakePlace[];
}

export interface ModelEvent {
  type: "model";
  model: string;
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

export type OwnRequest =
  | GetThread
  | Say
  | Stop
  | GetPlan
  | Complete
  | Move
  | GetPoster
  | GetModels
  | UseModel
  | Export;

/** What a player asks, of one turn of the panel. */
export type TakeRequest = Request & { turn: number };

export type PanelRequest = TakeRequest | OwnRequest;

export type OwnReply =
  | ThreadReply
  | SaidReply
  | PlanReply
  | CompleteReply
  | PosterReply
  | ModelsReply
  | LineReply;

export type PanelReply = Reply | OwnReply;

export type PanelEvent =
  | TurnEvent
  | TakeEvent
  | TextEvent
  | QueueEvent
  | ModelEvent
  | GoneEvent;

export const SAVE_FORMATS = ["mp4", "webm", "gif", "webp", "png"] as const;

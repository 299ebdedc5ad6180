// Printed by `python -m nbagent.notebook.wire`; change that file, not this one.

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export type Phase = "load" | "encode" | "denoise" | "decode" | "write";

export type Quality = "draft" | "final";

export type TurnState = "thinking" | "running" | "done" | "failed" | "cancelled";

export type SaveFormat = "mp4" | "webm" | "gif" | "webp" | "png";

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

export type Request = GetClip | GetPreview | Cancel | Keep | Save;

export type Reply =
  | ClipReply
  | PreviewReply
  | CancelReply
  | KeepReply
  | SaveReply
  | ErrorReply;

export const SAVE_FORMATS = ["mp4", "webm", "gif", "webp", "png"] as const;

// Printed by `python -m nbagent.notebook.wire`; change that file, not this one.

export type JobState =
  | "queued"
  | "running"
  | "paused"
  | "done"
  | "failed"
  | "cancelled";

export type Phase = "load" | "encode" | "denoise" | "decode" | "draw" | "write";

export type Quality = "draft" | "final";

export type TurnState = "thinking" | "running" | "done" | "failed" | "cancelled";

export type SaveFormat = "mp4" | "webm" | "gif" | "webp" | "png" | "html" | "json";

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
  has_draft: boolean;
  fps: number;
  num_frames: number;
  width: number;
  height: number;
  prompt: string;
  seed: number;
  model: string;
  quality: Quality;
  parent: string;
  changes: string[];
  is_scene: boolean;
}

export interface PlayerState {
  own_id: string;
  request: string;
  note: string;
  turn_state: TurnState;
  takes: TakeView[];
  follow_ups: string[];
}

export interface InsertCell {
  type: "insert_cell";
  source: string;
  data: Record<string, string>;
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

export interface Pause {
  type: "pause";
  id: string;
  index: number;
}

export interface Resume {
  type: "resume";
  id: string;
  index: number;
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

export interface PauseReply {
  type: "pausing";
  id: string;
}

export interface ResumeReply {
  type: "resuming";
  id: string;
}

export interface ErrorReply {
  type: "error";
  id: string;
  message: string;
}

export interface NodeView {
  take: TakeView;
  request: string;
  operation: string;
  changes: string[];
}

export interface FactView {
  label: string;
  value: string;
}

export interface GetTools {
  type: "get_tools";
  id: string;
}

export interface GetNamed {
  type: "get_named";
  id: string;
  name: string;
}

export interface GetLineage {
  type: "get_lineage";
  id: string;
  name: string;
}

export interface GetDetails {
  type: "get_details";
  id: string;
  name: string;
}

export interface GetNext {
  type: "get_next";
  id: string;
  name: string;
}

export interface GetFile {
  type: "get_file";
  id: string;
  name: string;
  format: SaveFormat;
}

export interface GoOn {
  type: "go_on";
  id: string;
  name: string;
}

export interface Save {
  type: "save";
  id: string;
  name: string;
  format: SaveFormat;
}

export interface Select {
  type: "select";
  id: string;
  name: string;
  span: number[] | null;
  region: number[] | null;
}

export interface Refine {
  type: "refine";
  id: string;
  name: string;
  words: string;
  span: number[] | null;
  region: number[] | null;
}

export interface ToolsReply {
  type: "tools";
  id: string;
}

export interface LineageReply {
  type: "lineage";
  id: string;
  path: NodeView[];
  children: NodeView[];
}

export interface DetailsReply {
  type: "details";
  id: string;
  facts: FactView[];
  magic: string;
  python: string;
}

export interface NextReply {
  type: "next";
  id: string;
  steps: string[];
}

export interface GoOnReply {
  type: "going_on";
  id: string;
  turn: number;
}

export interface SaveReply {
  type: "saved";
  id: string;
  path: string;
}

export interface FileReply {
  type: "file";
  id: string;
  file_name: string;
}

export interface SelectReply {
  type: "selected";
  id: string;
}

export interface RefineReply {
  type: "refined";
  id: string;
  turn: number | null;
  line: string;
}

export interface ReadingView {
  intent: string;
  label: string;
  picture?: string;
}

export interface TurnView {
  id: number;
  place: number;
  origin: Origin;
  options: string;
  words: string;
  state: TurnState;
  answer: string;
  answer_html: string;
  error: string;
  note: string;
  readings: ReadingView[];
  takes: TakeView[];
}

export interface TakePlace {
  turn: number;
  index: number;
}

export interface About {
  name: string;
  span: number[] | null;
  region: number[] | null;
}

export interface MarkView {
  name: string;
  favourite: boolean;
  tags: string[];
}

export interface ModelView {
  name: string;
  here: boolean;
  licence: string;
  size_bytes: number | null;
  fit: string;
  why_not: string;
  seconds: number | null;
}

export interface SettingView {
  name: string;
  label: string;
  help: string;
  value: string;
  choices: string[];
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
  about: About | null;
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
  about: About | null;
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

export interface UseModel {
  type: "use_model";
  id: string;
  model: string;
}

export interface UseBrain {
  type: "use_brain";
  id: string;
  brain: string;
}

export interface Export {
  type: "export";
  id: string;
}

export interface Bring {
  type: "bring";
  id: string;
  file_name: string;
}

export interface Mark {
  type: "mark";
  id: string;
  name: string;
  favourite: boolean;
  tags: string[];
}

export interface Delete {
  type: "delete";
  id: string;
  names: string[];
}

export interface GetZip {
  type: "get_zip";
  id: string;
  names: string[];
}

export interface GetModels {
  type: "get_models";
  id: string;
}

export interface GetSettings {
  type: "get_settings";
  id: string;
}

export interface Set {
  type: "set";
  id: string;
  name: string;
  value: string;
}

export interface ConnectModel {
  type: "connect_model";
  id: string;
}

export interface ThreadReply {
  type: "thread";
  id: string;
  turns: TurnView[];
  queue: TakePlace[];
  model: string;
  marks: MarkView[];
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
  pictures: (number | null)[];
}

export interface PosterReply {
  type: "poster";
  id: string;
}

export interface LineReply {
  type: "line";
  id: string;
  line: string;
}

export interface BroughtReply {
  type: "brought";
  id: string;
  name: string;
}

export interface ModelsReply {
  type: "models";
  id: string;
  models: ModelView[];
}

export interface SettingsReply {
  type: "settings";
  id: string;
  settings: SettingView[];
  brains: string[];
  cost: FactView[];
  estimate: string;
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

export interface MarksEvent {
  type: "marks";
  marks: MarkView[];
}

export interface ExampleView {
  title: string;
  cell: string;
  turn: string;
}

export interface StartState {
  own_id: string;
  examples: ExampleView[];
  palette: Record<string, string[]>;
  follow_ups: string[];
}

export interface GetPictures {
  type: "get_pictures";
  id: string;
}

export interface LookAround {
  type: "look_around";
  id: string;
}

export interface Connect {
  type: "connect";
  id: string;
}

export interface Run {
  type: "run";
  id: string;
  turn: string;
}

export interface PicturesReply {
  type: "pictures";
  id: string;
}

export interface AroundReply {
  type: "around";
  id: string;
  lines: string[];
}

export interface RanReply {
  type: "ran";
  id: string;
  line: string;
}

export type Request = GetClip | GetPreview | Cancel | Keep | Pause | Resume;

export type Reply =
  | ClipReply
  | PreviewReply
  | CancelReply
  | KeepReply
  | PauseReply
  | ResumeReply
  | ErrorReply;

export type DeskRequest =
  | GetTools
  | GetNamed
  | GetLineage
  | GetDetails
  | GetNext
  | GetFile
  | GoOn
  | Save
  | Select
  | Refine;

export type DeskReply =
  | ToolsReply
  | LineageReply
  | DetailsReply
  | NextReply
  | GoOnReply
  | SaveReply
  | FileReply
  | SelectReply
  | RefineReply;

export type PlayerRequest = Request | DeskRequest;

export type PlayerReply = Reply | DeskReply;

export type OwnRequest =
  | GetThread
  | Say
  | Stop
  | GetPlan
  | Complete
  | Move
  | GetPoster
  | UseModel
  | UseBrain
  | Export
  | Bring
  | Mark
  | Delete
  | GetZip
  | GetModels
  | GetSettings
  | Set
  | ConnectModel;

/** What a player asks, of one turn of the panel. */
export type TakeRequest = PlayerRequest & { turn: number };

export type PanelRequest = TakeRequest | OwnRequest;

export type OwnReply =
  | ThreadReply
  | SaidReply
  | PlanReply
  | CompleteReply
  | PosterReply
  | LineReply
  | BroughtReply
  | ModelsReply
  | SettingsReply;

export type PanelReply = PlayerReply | OwnReply;

export type PanelEvent =
  | TurnEvent
  | TakeEvent
  | TextEvent
  | QueueEvent
  | ModelEvent
  | GoneEvent
  | MarksEvent;

export type StartRequest = GetPictures | LookAround | Connect | Run;

export type StartReply = PicturesReply | AroundReply | RanReply | ErrorReply;

export const SAVE_FORMATS = [
  "mp4",
  "webm",
  "gif",
  "webp",
  "png",
  "html",
  "json",
] as const;

// One clock for all takes of a turn: the browser's. The clip shown in front leads; the
// others follow it, so that takes can be compared frame by frame.

export interface Clip {
  video: HTMLVideoElement;
  fps: number;
  numFrames: number;
}

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2] as const;

/** The middle of a frame: seeking to its start shows the frame before it at times. */
export function frameTime(frame: number, fps: number): number {
  return (frame + 0.5) / fps;
}

export class Deck {
  playing = false;
  loop = true;
  speed = 1;
  frame = 0;
  /** Whether all show the leader's frame; else each goes round by itself. */
  isTogether = true;
  /** Called when another frame may be shown. */
  onFrame: (() => void) | undefined;
  /** The first and the last frame that are played, if not all are. */
  range: readonly [number, number] | undefined;
  #resting = false;
  #turning: ReturnType<typeof setTimeout> | undefined;
  #clips = new Map<number, Clip>();
  #leader = 0;
  #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = () => {
      onChange();
      this.onFrame?.();
    };
  }

  get clip(): Clip | undefined {
    return this.#clips.get(this.#leader);
  }

  add(index: number, clip: Clip): void {
    this.#clips.set(index, clip);
    this.#pace();
    // Not a listener: a final comes in the same element as its draft.
    clip.video.onended = () => {
      if (index === this.#leader) this.#turn();
    };
    this.#watch(index, clip);
    if (this.playing && !this.#resting) void start(clip.video);
    else void seek(clip, this.frame);
    this.#onChange();
  }

  /** Take a clip away that was only looked at. */
  drop(index: number): void {
    const clip = this.#clips.get(index);
    this.#clips.delete(index);
    if (clip) forget(clip.video);
  }

  lead(index: number): void {
    this.#leader = index;
    const last = (this.clip?.numFrames ?? 1) - 1;
    this.frame = Math.min(this.frame, last);
    if (this.range && this.range[1] > last) this.range = undefined;
    this.#pace();
    this.#onChange();
  }

  setRange(range: readonly [number, number] | undefined): void {
    this.range = range;
    this.#pace();
    // What plays elsewhere jumps there; what stands still stays, to be looked at.
    if (this.playing && range && this.#isOutside(range)) {
      this.frame = range[0];
      void this.#all(range[0]);
    }
    this.#onChange();
  }

  play(): void {
    const clip = this.clip;
    if (!clip) return;
    const [first, last] = this.#bounds(clip);
    const isOver = !this.loop && this.frame === last;
    if (isOver || (this.range && this.#isOutside(this.range))) void this.#all(first);
    this.playing = true;
    this.#run();
    this.#onChange();
  }

  /** Hold the clips while nobody can see them; go on where they were after that. */
  rest(resting: boolean): void {
    this.#resting = resting;
    if (this.playing) this.#run();
  }

  pause(): void {
    this.playing = false;
    for (const each of this.#clips.values()) each.video.pause();
    // Playing stops between two frames: settle in the middle of the one on screen.
    this.#all(this.frame);
    this.#onChange();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Show a frame exactly, resolved when it is on screen. */
  async seek(frame: number): Promise<void> {
    const clip = this.clip;
    if (!clip) return;
    const target = Math.max(0, Math.min(clip.numFrames - 1, Math.round(frame)));
    if (this.playing) {
      this.playing = false;
      for (const each of this.#clips.values()) each.video.pause();
    }
    this.frame = target;
    this.#onChange();
    await this.#all(target);
  }

  step(by: number): Promise<void> {
    return this.seek(this.frame + by);
  }

  setLoop(loop: boolean): void {
    this.loop = loop;
    this.#pace();
    this.#onChange();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.#pace();
    this.#onChange();
  }

  faster(by: 1 | -1): void {
    const at = SPEEDS.findIndex((speed) => speed >= this.speed);
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))] ?? 1);
  }

  clear(): void {
    for (const { video } of this.#clips.values()) forget(video);
    this.#clips.clear();
  }

  #run(): void {
    for (const { video } of this.#clips.values()) {
      if (this.#resting) video.pause();
      else void start(video);
    }
  }

  async #all(frame: number): Promise<void> {
    await Promise.all([...this.#clips.values()].map((clip) => seek(clip, frame)));
  }

  // Follow the frames that the browser really shows, as long as the clip is here.
  #watch(index: number, clip: Clip): void {
    const { video } = clip;
    const onFrame = (_now: number, shown: VideoFrameCallbackMetadata) => {
      if (this.#clips.get(index) !== clip) return;
      if (index === this.#leader && this.playing) {
        const frame = Math.round(shown.mediaTime * clip.fps);
        this.frame = Math.max(0, Math.min(clip.numFrames - 1, frame));
        this.#gather(clip);
        this.#onChange();
        if (this.range && this.frame >= this.range[1]) this.#turnAfter(clip);
      }
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }

  #isOutside([first, last]: readonly [number, number]): boolean {
    return this.frame < first || this.frame > last;
  }

  #bounds(clip: Clip): readonly [number, number] {
    return this.range ?? [0, clip.numFrames - 1];
  }

  // The last frame of a range stays as long on the screen as each of the others.
  #turnAfter({ fps }: Clip): void {
    this.#turning ??= setTimeout(
      () => {
        if (this.playing && this.range && this.frame >= this.range[1]) this.#turn();
        this.#turning = undefined;
      },
      1000 / (fps * this.speed),
    );
  }

  /** Go on from the beginning, or stop at the end. */
  #turn(): void {
    const { clip } = this;
    if (!clip) return;
    const [first, last] = this.#bounds(clip);
    this.frame = this.loop ? first : last;
    if (!this.loop) this.pause();
    else void this.#all(first).then(() => this.playing && this.#run());
  }

  // Clips are compared frame by frame, whatever their rate: each shows the leader's.
  #pace(): void {
    const leader = this.clip;
    for (const { video, fps, numFrames } of this.#clips.values()) {
      if (!this.isTogether && video !== leader?.video) {
        video.loop = true;
        video.playbackRate = this.speed;
        continue;
      }
      const isAlike = numFrames === (leader?.numFrames ?? numFrames);
      video.loop = this.loop && !this.range && isAlike;
      video.playbackRate = (this.speed * (leader?.fps ?? fps)) / fps;
    }
  }

  #gather(leader: Clip): void {
    if (!this.isTogether) return;
    const at = leader.video.currentTime * leader.fps;
    for (const { video, fps, numFrames } of this.#clips.values()) {
      const goal = Math.min(at, numFrames - 0.5);
      const drift = Math.abs(video.currentTime * fps - goal);
      // Half a clip apart is one that has wrapped a moment before the other.
      const wrapped = video.loop && drift > numFrames / 2;
      if (video !== leader.video && !video.seeking && !wrapped && drift > 1.5) {
        video.currentTime = goal / fps;
        if (!this.#resting) void start(video);
      }
    }
  }
}

function forget(video: HTMLVideoElement): void {
  video.pause();
  URL.revokeObjectURL(video.src);
  video.removeAttribute("src");
}

interface Wish {
  frame: number;
  isNew: boolean;
  done: Promise<void>;
}

const wishes = new WeakMap<HTMLVideoElement, Wish>();

/** Seek to the middle of a frame. While one seek runs, only the newest wish is kept. */
function seek(clip: Clip, frame: number): Promise<void> {
  const target = Math.min(frame, clip.numFrames - 1);
  const running = wishes.get(clip.video);
  if (running) {
    running.frame = target;
    running.isNew = true;
    return running.done;
  }
  const wish: Wish = { frame: target, isNew: true, done: Promise.resolve() };
  wishes.set(clip.video, wish);
  wish.done = fulfil(clip, wish);
  return wish.done;
}

async function fulfil({ video, fps }: Clip, wish: Wish): Promise<void> {
  // A wish for the same frame counts too: the clip may have played on since the last.
  while (wish.isNew) {
    wish.isNew = false;
    const time = frameTime(wish.frame, fps);
    // Seeking to where it stands already would blank the picture for a moment.
    if (video.seeking || Math.abs(video.currentTime - time) > 1e-6) {
      video.currentTime = time;
      await once(video, "seeked");
    }
  }
  wishes.delete(video);
}

function once(target: EventTarget, type: string): Promise<void> {
  return new Promise((resolve) => {
    target.addEventListener(type, () => resolve(), { once: true });
  });
}

async function start(video: HTMLVideoElement): Promise<void> {
  try {
    await video.play();
  } catch (error) {
    // A pause that comes before playing began is no failure.
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  }
}

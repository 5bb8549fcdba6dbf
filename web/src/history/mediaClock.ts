/** Keeps a sound or a picture in step with the replay's clock: by its rate while it is near, by a jump when it is not. */

/** What is needed of an HTMLMediaElement. */
export type Playable = Pick<
  HTMLMediaElement, 'currentTime' | 'playbackRate' | 'paused' | 'readyState' | 'seeking' | 'muted' | 'play' | 'pause'
>;

export interface Wanted {
  /** Seconds of the file. Before 0 it has not begun. */
  readonly time: number;
  readonly playing: boolean;
  readonly speed: number;
  readonly silent: boolean;
}

/** Faster than this nobody understands a word. */
export const LOUDEST_SPEED = 4;
/** Browsers play no faster; beyond it a picture is shown now and then. */
export const FASTEST = 16;
/** Seconds, as the viewer feels them: nearer than this is in step. */
const IN_STEP = 0.015;
/** Further away it is not worth catching up. */
const OUT_OF_STEP = 0.25;
/** A jump takes a while: it goes so far ahead, and waits there. */
const LEAD = 0.2;
/** Players heed a rate some tenths of a second later: who corrects sooner overshoots. */
const CATCH_UP = 0.7;
const MOST = 0.2;
/** A picture that stands still may be so far off. */
const STILL = 0.02;
/** Measured in Chromium: it tells its time from the start on, and some 0.15 s later, when it sounds, stands for as long. */
export const SOUND_DELAY = 0.12;
const HAVE_FUTURE_DATA = 3;

export class MediaClock {
  private isStarting = false;

  /** @param delay Seconds that pass until it sounds when it is told to play. */
  constructor(private readonly media: Playable, private readonly delay = 0) {}

  /** Called for each frame. */
  follow({ time, playing, speed, silent }: Wanted): void {
    const { media } = this;
    media.muted = silent || speed > LOUDEST_SPEED;
    if (media.seeking) return;
    if (!playing || speed > FASTEST || time < 0) this.stand(Math.max(0, time));
    else if (media.paused) this.begin(time, speed);
    else this.keepUp(time, speed);
  }

  private stand(time: number): void {
    if (!this.media.paused) this.media.pause();
    if (Math.abs(this.media.currentTime - time) > STILL) this.media.currentTime = time;
  }

  /** It waits ahead of the clock until that comes by. */
  private begin(time: number, speed: number): void {
    const { media } = this;
    const ahead = (media.currentTime - time) / speed;
    if (ahead < -OUT_OF_STEP || ahead > LEAD + OUT_OF_STEP) {
      media.currentTime = time + LEAD * speed;
    } else if (ahead <= IN_STEP + this.delay && media.readyState >= HAVE_FUTURE_DATA && !this.isStarting) {
      media.playbackRate = speed;
      this.isStarting = true;
      const done = (): void => {
        this.isStarting = false;
      };
      media.play().then(done, done); // paused meanwhile, or not allowed yet: the next frame tries again
    }
  }

  private keepUp(time: number, speed: number): void {
    const { media } = this;
    const lag = (time - media.currentTime) / speed;
    if (Math.abs(lag) > OUT_OF_STEP) {
      media.pause();
      media.currentTime = time + LEAD * speed;
      return;
    }
    const factor = Math.abs(lag) < IN_STEP ? 1 : 1 + Math.min(MOST, Math.max(-MOST, lag / CATCH_UP));
    const rate = Math.min(FASTEST, Math.round(speed * factor * 50) / 50);
    if (media.playbackRate !== rate) media.playbackRate = rate;
  }
}

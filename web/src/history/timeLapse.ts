/**
 * The time-lapse as a WebM file. It is recorded here and not on the server: the renderer is the editor's and runs in
 * browsers only, so that a film made elsewhere would be drawn by another one.
 */
import { type Replay, SPEEDS } from './replay';

const FRAMES_PER_SECOND = 30;
const BITS_PER_SECOND = 6_000_000;
/** The slowest speed is chosen that gets everything into this, if any does. */
const LONGEST_S = 60;
const TYPES = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm'];

export const canRecord = (): boolean => typeof MediaRecorder === 'function' && typeOfVideo() !== undefined;

/**
 * Play everything from the beginning and record what the canvas shows.
 *
 * @param signal Ends it early; what was recorded until then is given.
 */
export async function recordTimeLapse(
  replay: Replay, canvas: HTMLCanvasElement, onProgress: (percent: number) => void, signal: AbortSignal,
): Promise<Blob> {
  const { begin, end } = replay.span.get();
  replay.pause();
  await replay.seek(begin);
  const recorder = new MediaRecorder(canvas.captureStream(FRAMES_PER_SECOND), {
    mimeType: typeOfVideo()!, videoBitsPerSecond: BITS_PER_SECOND,
  });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const recorded = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
  const before = replay.speed.get();
  replay.speed.set(SPEEDS.find((speed) => (end - begin) / 1_000_000 / speed <= LONGEST_S) ?? SPEEDS.at(-1)!);
  recorder.start(1000);
  const stop = replay.position.subscribe(() => onProgress(Math.floor(((replay.position.get() - begin) / Math.max(1, end - begin)) * 100)));
  await played(replay, signal);
  stop();
  replay.speed.set(before);
  recorder.stop();
  await recorded;
  return new Blob(parts, { type: 'video/webm' });
}

/** Play until the end, a pause, or the signal. */
function played(replay: Replay, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      replay.pause();
      resolve();
    };
    replay.playing.set(true);
    const stop = replay.playing.subscribe(() => {
      if (!replay.playing.get()) done();
    });
    signal.addEventListener('abort', done, { once: true });
  });
}

const typeOfVideo = (): string | undefined => TYPES.find((type) => MediaRecorder.isTypeSupported(type));

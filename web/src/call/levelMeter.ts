/** How loud a microphone is, measured only while somebody listens or asks. */
import type { Store } from '../sync/types';
import { createStore } from '../sync/valueStore';

const EVERY_MS = 50;
/** An amplitude that counts as full: speech is far from 1. */
const FULL = 0.3;

export class LevelMeter implements Store<number> {
  private readonly level = createStore(0);
  private listeners = 0;
  private stream: MediaStream | null = null;
  private stop: (() => void) | undefined;

  readonly get = (): number => this.level.get();

  readonly subscribe = (listener: () => void): (() => void) => {
    const end = this.level.subscribe(listener);
    this.listeners += 1;
    this.measure();
    return () => {
      end();
      this.listeners -= 1;
      this.measure();
    };
  };

  /** Measure this microphone from now on; null: none. */
  follow(stream: MediaStream | null): void {
    this.stop?.();
    this.stop = undefined;
    this.stream = stream;
    this.measure();
  }

  private measure(): void {
    const wanted = this.listeners > 0 && this.stream !== null;
    if (wanted && !this.stop) this.stop = measureStream(this.stream as MediaStream, (level) => this.level.set(level));
    if (wanted) return;
    this.stop?.();
    this.stop = undefined;
    this.level.set(0);
  }
}

function measureStream(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    tell(Math.min(1, amplitudeOf(samples) / FULL));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** The root of the mean square. */
export function amplitudeOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

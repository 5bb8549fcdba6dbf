import { describe, expect, it } from 'vitest';
import { FASTEST, MediaClock, type Playable } from './mediaClock';
import { clipsAt, nextHeard, recordingAt, withRecordings, type RecordedTrack, type Recording } from './recordings';

/** Plays as a browser does: jumps take 120 ms, starting takes 40 ms. */
class Tape implements Playable {
  private time = 0;
  playbackRate = 1;
  paused = true;
  readyState = 4;
  muted = false;
  jumps = 0;
  private busy = 0;
  private starts = 0;

  get seeking(): boolean {
    return this.busy > 0;
  }

  get currentTime(): number {
    return this.time;
  }

  set currentTime(to: number) {
    this.time = to;
    this.busy = 0.12;
    this.jumps += 1;
  }

  play(): Promise<void> {
    this.paused = false;
    this.starts = 0.04;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }

  pass(seconds: number): void {
    if (this.busy > 0) this.busy -= seconds;
    else if (this.starts > 0) this.starts -= seconds;
    else if (!this.paused) this.time += seconds * this.playbackRate;
  }
}

const FRAME = 1 / 60;

/** Seconds as the viewer feels them, for each frame. */
async function lags(tape: Tape, from: number, frames: number, speed = 1): Promise<number[]> {
  const clock = new MediaClock(tape);
  const found: number[] = [];
  for (let frame = 0; frame < frames; frame += 1) {
    const time = from + frame * FRAME * speed;
    clock.follow({ time, playing: true, speed, silent: false });
    await Promise.resolve();
    found.push(Math.abs(time - tape.currentTime) / speed);
    tape.pass(FRAME);
  }
  return found;
}

describe('[RE18] a recorded file', () => {
  it.each([0.5, 1, 2, 4, 8, 16])('is in step within 80 ms soon after a jump, at %d×', async (speed) => {
    const tape = new Tape();
    const found = await lags(tape, 30, 600, speed);
    expect(tape.jumps).toBe(1);
    expect(Math.max(...found.slice(40))).toBeLessThan(0.08);
    if (speed < FASTEST) expect(Math.max(...found.slice(200))).toBeLessThan(0.02);
    expect(tape.muted).toBe(speed > 4);
  });

  it('waits while time stands still, and stands where it stands', async () => {
    const tape = new Tape();
    await lags(tape, 30, 120);
    const clock = new MediaClock(tape);
    clock.follow({ time: 31, playing: false, speed: 1, silent: false });
    expect([tape.paused, tape.currentTime]).toEqual([true, 31]);
    for (let frame = 0; frame < 60; frame += 1) {
      clock.follow({ time: 31, playing: true, speed: 1, silent: false });
      tape.pass(FRAME);
    }
    expect(Math.abs(tape.currentTime - 31)).toBeLessThan(0.5);
  });

  it('is shown now and then where no browser plays as fast', () => {
    const tape = new Tape();
    new MediaClock(tape).follow({ time: 8, playing: true, speed: 32, silent: false });
    expect([tape.paused, tape.currentTime, tape.muted]).toEqual([true, 8, true]);
  });

  it('has not begun before its beginning', () => {
    const tape = new Tape();
    new MediaClock(tape).follow({ time: -2, playing: true, speed: 1, silent: true });
    expect([tape.paused, tape.currentTime, tape.muted]).toEqual([true, 0, true]);
  });
});

const SECOND = 1_000_000;

function track(from: number, to: number): RecordedTrack {
  return {
    file: `${from}-mic.webm`, session: 's', user: 'ann', kind: 'mic', codec: 'opus', mime_type: 'audio/webm',
    started_at: from * SECOND, ended_at: to * SECOND, bytes: 1,
  };
}

const one: Recording = { id: 'a', by: 'ann', started_at: 10 * SECOND, ended_at: 60 * SECOND, stopped_by: 'ann', tracks: [track(10, 20), track(40, 60)] };

describe('[RE19] recordings', () => {
  it('are played where they were made, and opened a little earlier', () => {
    expect(clipsAt([one], 15 * SECOND, 1).map(({ file, recording }) => [recording, file])).toEqual([['a', '10-mic.webm']]);
    expect(clipsAt([one], 30 * SECOND, 4).map(({ file }) => file)).toEqual(['40-mic.webm']);
    expect(clipsAt([one], 30 * SECOND, 1)).toEqual([]);
    expect(recordingAt([one], 30 * SECOND)).toBe(one);
    expect(recordingAt([one], 61 * SECOND)).toBeUndefined();
  });

  it('are not skipped with the pauses of a drawing', () => {
    expect(nextHeard([one], 15 * SECOND)).toBe(15 * SECOND);
    expect(nextHeard([one], 25 * SECOND)).toBe(40 * SECOND);
    expect(nextHeard([one], 70 * SECOND)).toBeUndefined();
  });

  it('lengthen the time that there is to see', () => {
    expect(withRecordings({ begin: 20, end: 30 * SECOND }, [one])).toEqual({ begin: 20, end: 60 * SECOND });
    expect(withRecordings({ begin: 1, end: 2 }, [])).toEqual({ begin: 1, end: 2 });
  });
});

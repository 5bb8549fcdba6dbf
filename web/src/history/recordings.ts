/** Recorded calls as the replay sees them. Instants are microseconds of the room's clock; a file's time 0 is its `started_at`. */
import type { Span } from './replay';

export type RecordedKind = 'mic' | 'camera' | 'screen' | 'sound';

export interface RecordedTrack {
  file: string;
  session: string;
  user: string;
  kind: RecordedKind;
  codec: string;
  mime_type: string;
  started_at: number;
  ended_at: number;
  bytes: number;
}

export interface Recording {
  id: string;
  by: string;
  started_at: number;
  ended_at: number;
  stopped_by: string;
  tracks: RecordedTrack[];
}

/** A file, and which recording it is of. */
export interface Clip extends RecordedTrack {
  recording: string;
}

const SECOND = 1_000_000;
/** Files are opened so long before they are needed, as the viewer feels it. */
const AHEAD = 3 * SECOND;
/** Voices are not skipped with the pauses of a drawing, nor short silences between them. */
const BREATH = 2 * SECOND;

/** What is to be played at an instant, and what will be soon. */
export function clipsAt(recordings: readonly Recording[], at: number, speed: number): Clip[] {
  return recordings.flatMap(({ id, tracks }) => tracks
    .filter((track) => track.started_at - AHEAD * speed <= at && at <= track.ended_at)
    .map((track) => ({ ...track, recording: id })));
}

/** The recording that ran at an instant. */
export function recordingAt(recordings: readonly Recording[], at: number): Recording | undefined {
  return recordings.find((one) => one.started_at <= at && at <= one.ended_at);
}

/** Where a pause in the drawing ends because somebody speaks: `at` itself while he does. */
export function nextHeard(recordings: readonly Recording[], at: number): number | undefined {
  const tracks = recordings.flatMap((one) => one.tracks);
  if (tracks.some((track) => track.started_at - BREATH <= at && at <= track.ended_at)) return at;
  const coming = tracks.map((track) => track.started_at).filter((start) => start > at);
  return coming.length > 0 ? Math.min(...coming) : undefined;
}

/** A span of time that reaches over all recordings, too. */
export function withRecordings({ begin, end }: Span, recordings: readonly Recording[]): Span {
  return {
    begin: Math.min(begin, ...recordings.map((one) => one.started_at)),
    end: Math.max(end, ...recordings.map((one) => one.ended_at)),
  };
}

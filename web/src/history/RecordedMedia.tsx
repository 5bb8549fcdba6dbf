/** What was said and shown, in step with the replay: voices are heard, faces and screens lie beside the board. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { MediaClock, SOUND_DELAY } from './mediaClock';
import type { NameOf } from './people';
import './recorded.css';
import { type Clip, clipsAt } from './recordings';
import type { Replay } from './replay';

export interface RecordedMediaProps {
  readonly replay: Replay;
  readonly nameOf: NameOf;
  /** Who alone is seen and heard; null: everybody. */
  readonly only: string | null;
}

export function RecordedMedia({ replay, nameOf, only }: RecordedMediaProps) {
  const t = useTexts().replay;
  useRecordings(replay);
  const recordings = useStore(replay.recordings);
  const position = useStore(replay.position);
  const speed = useStore(replay.speed);
  const clips = clipsAt(recordings, position, speed);
  if (clips.length === 0) return null;
  return (
    <div className="recorded" data-testid="recorded" aria-label={t.recorded} role="group">
      {clips.map((clip) => (
        <Player
          key={`${clip.recording}/${clip.file}`} clip={clip} replay={replay} name={nameOf(clip.user)}
          isShown={(only === null || only === clip.user) && position >= clip.started_at}
        />
      ))}
    </div>
  );
}

function Player({ clip, replay, name, isShown }: { clip: Clip; replay: Replay; name: string; isShown: boolean }) {
  const t = useTexts().replay;
  const media = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const url = useUrl(replay, clip);
  useStep(media, clip, replay, !isShown);
  const shared = { ref: media, src: url, preload: 'auto', 'data-testid': `recorded-${clip.kind}`, 'data-start': clip.started_at } as const;
  if (clip.kind === 'mic' || clip.kind === 'sound') return <audio {...shared} />;
  return (
    <figure className="recorded-picture" data-kind={clip.kind} hidden={!isShown}>
      <video {...shared} playsInline disablePictureInPicture />
      <figcaption><bdi>{clip.kind === 'screen' ? t.screenOf(name) : name}</bdi></figcaption>
    </figure>
  );
}

/** Each frame while it plays, and with every jump. */
function useStep(media: { readonly current: HTMLMediaElement | null }, clip: Clip, replay: Replay, silent: boolean): void {
  const quiet = useRef(silent);
  useEffect(() => {
    quiet.current = silent;
  });
  useEffect(() => {
    if (!media.current) return undefined;
    const clock = new MediaClock(media.current, clip.kind === 'mic' || clip.kind === 'sound' ? SOUND_DELAY : 0);
    let frame = 0;
    const step = (): void => clock.follow({
      time: (replay.position.get() - clip.started_at) / 1_000_000,
      playing: replay.playing.get() && !replay.waiting.get(),
      speed: replay.speed.get(),
      silent: quiet.current,
    });
    const next = (): void => {
      step();
      frame = requestAnimationFrame(next);
    };
    next();
    return () => cancelAnimationFrame(frame);
  }, [media, clip.started_at, clip.kind, replay]);
}

function useUrl(replay: Replay, { recording, file }: Clip): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let current = true;
    replay.api.recordedFile(recording, file).then((found) => current && setUrl(found), () => {});
    return () => {
      current = false;
    };
  }, [replay, recording, file]);
  return url;
}

/** They are read after the board is shown; that they cannot be had disturbs nobody. */
function useRecordings(replay: Replay): void {
  const reading = useMemo(() => new AbortController(), [replay]);
  useEffect(() => {
    replay.api.recordings().then((found) => !reading.signal.aborted && replay.hear(found), (error: unknown) => console.warn(error));
    return () => reading.abort();
  }, [replay, reading]);
}

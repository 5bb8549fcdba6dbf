/** What can be done with the moment that is shown: name it, start a new room from it, bring it back, save it. */
import { Download, Ellipsis, Film, Flag, GitBranch, RotateCcw, Undo2, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { Menu, type MenuHandle, type MenuItem } from '../ui/Menu';
import { say } from '../ui/noticeStore';
import { Popover } from '../ui/Popover';
import { download } from '../ui/refusedFiles';
import { goTo } from '../ui/route';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type Format, fileNameOf, saveMoment } from './exports';
import type { NameOf } from './people';
import type { Replay } from './replay';
import { wantRestore } from './restoring';
import type { Stage } from './stage';
import { canRecord, recordTimeLapse } from './timeLapse';
import type { Came } from './Track';

export interface MomentMenuProps {
  readonly session: RoomSession;
  readonly replay: Replay;
  readonly stage: Stage | null;
  readonly arrivals: readonly Came[];
  /** Whose work alone is shown. */
  readonly only: string | null;
  readonly nameOf: NameOf;
  readonly wordsOf: (at: number) => string;
}

const MAX_LABEL = 80;

export function MomentMenu(props: MomentMenuProps) {
  const t = useTexts().replay;
  const menu = useRef<MenuHandle>(null);
  const [film, progress] = useFilm(props);
  const items = useItems(props, film);
  return (
    <>
      {props.session.may('chat') && <MarkButton {...props} />}
      <button
        type="button" className="icon-button" aria-label={t.more} title={t.more} aria-haspopup="menu" data-testid="replay-more"
        onClick={(event) => menu.current?.openAt(event.currentTarget)}
      >
        <Ellipsis size={18} aria-hidden />
      </button>
      <Menu ref={menu} label={t.more} items={items} />
      {progress !== null && (
        <p className="replay-film" role="status">
          {t.savingVideo(progress)}
          <button type="button" className="button" onClick={() => props.replay.pause()}>{t.stopVideo}</button>
        </p>
      )}
    </>
  );
}

function useItems({ session, replay, stage, only, nameOf, wordsOf }: MomentMenuProps, film: () => void): MenuItem[] {
  const t = useTexts().replay;
  const room = useStore(session.room);
  const here = (): number => replay.position.get();
  const name = (): string => t.branchName(room.name, wordsOf(here()));
  const branch = (): void => {
    replay.api.branch(here(), name().slice(0, MAX_LABEL)).then(
      ({ room: made }) => goTo(`/r/${encodeURIComponent(made.id)}`), () => say(t.branchFailed),
    );
  };
  const save = (format: Format) => (): void => {
    if (stage) void saveMoment(stage.api, stage.elements(), format, name());
  };
  const mayDraw = session.may('draw');
  const restoreAll = (): void => wantRestore(session, { doc: replay.board.doc, at: here() });
  const undoPerson = (): void => {
    if (only !== null) wantRestore(session, { doc: replay.board.doc, at: here(), person: { sub: only, name: nameOf(only), authors: replay.authors } });
  };
  return [
    ...(mayDraw ? [{ words: t.restoreAll, icon: <RotateCcw size={16} aria-hidden />, act: restoreAll, testId: 'restore-all' }] : []),
    ...(mayDraw && only !== null ? [{ words: t.undoPerson(nameOf(only)), icon: <Undo2 size={16} aria-hidden />, act: undoPerson, testId: 'undo-person' }] : []),
    { words: t.branch, icon: <GitBranch size={16} aria-hidden />, act: branch, testId: 'branch' },
    { words: t.saveExcalidraw, icon: <Download size={16} aria-hidden />, act: save('excalidraw'), testId: 'save-excalidraw' },
    { words: t.savePng, icon: <Download size={16} aria-hidden />, act: save('png'), testId: 'save-png' },
    { words: t.saveSvg, icon: <Download size={16} aria-hidden />, act: save('svg'), testId: 'save-svg' },
    {
      words: t.saveVideo, icon: <Film size={16} aria-hidden />, act: film, testId: 'save-video',
      ...(canRecord() ? {} : { lockedBecause: t.videoUnavailable }),
    },
  ];
}

/** Records the time-lapse; gives how to begin and how far it is (percent; null: none is being made). */
function useFilm({ replay, session }: MomentMenuProps): [() => void, number | null] {
  const [progress, setProgress] = useState<number | null>(null);
  const ending = useRef(new AbortController());
  useEffect(() => {
    const controller = (ending.current = new AbortController());
    return () => controller.abort();
  }, [replay]);
  const film = (): void => {
    const canvas = document.querySelector<HTMLCanvasElement>('.replay-board canvas.static');
    if (!canvas || progress !== null) return;
    setProgress(0);
    recordTimeLapse(replay, canvas, setProgress, ending.current.signal)
      .then((blob) => download({ name: `${fileNameOf(session.room.get().name)}.webm`, blob }))
      .catch((error: unknown) => console.warn(error))
      .finally(() => setProgress(null));
  };
  return [film, progress];
}

/** Name the moment; and the marks that there are, to take them away. */
function MarkButton({ session, replay, arrivals, wordsOf }: MomentMenuProps) {
  const t = useTexts().replay;
  const marks = useStore(replay.marks);
  const me = useStore(session.me);
  const moderates = useStore(session.permissions).has('moderate');
  const failed = (): void => void say(t.markFailed);
  const moments = [...marks.map((mark) => ({ at: mark.at, words: mark.label, mark })), ...arrivals.map((one) => ({ ...one, mark: null }))]
    .sort((a, b) => a.at - b.at);
  return (
    <Popover label={t.mark} className="icon-button" testId="replay-add-mark" button={<Flag size={18} aria-hidden />}>
      {(close) => (
        <div className="replay-marks">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const label = String(new FormData(event.currentTarget).get('label')).trim();
              if (label) replay.addMark(label).then(close, failed);
            }}
          >
            <label className="field">
              <span>{t.markLabel}</span>
              <input className="input" name="label" maxLength={MAX_LABEL} data-testid="mark-label" autoFocus />
            </label>
            <button type="submit" className="button primary" data-testid="mark-save">{t.markSave}</button>
          </form>
          <ul>
            {moments.map(({ at, words, mark }) => (
              <li key={mark?.id ?? at}>
                <button type="button" className="menu-item" onClick={() => void replay.seek(at)}>
                  <span className={mark ? undefined : 'muted'}>{words}</span><time className="muted small">{wordsOf(at)}</time>
                </button>
                {mark && (moderates || mark.by === me.sub) && (
                  <button
                    type="button" className="icon-button" aria-label={t.markRemove(mark.label)} title={t.markRemove(mark.label)}
                    onClick={() => void replay.removeMark(mark.id).catch(failed)}
                  >
                    <X size={16} aria-hidden />
                  </button>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Popover>
  );
}

/** Over the board of now: a ghost of what would come back, and the choice. Nothing changes for anybody until then. */
import { useEffect, useMemo, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { say } from '../ui/noticeStore';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type BoardHandle, boardOf } from '../whiteboard/boardHandle';
import type { SceneElement } from '../whiteboard/schema';
import './restoring.css';
import { type Wanted, applyPlan, forgetRestore, planOf, wantedOf } from './restoring';
import { useDayAndTime } from './times';

const PADDING = 8;

export function Restoring({ session }: { session: RoomSession }) {
  const wanted = useStore(wantedOf(session));
  const board = useStore(boardOf(session));
  if (!wanted || !board) return null;
  return <Preview session={session} wanted={wanted} board={board} />;
}

function Preview({ session, wanted, board }: { session: RoomSession; wanted: Wanted; board: BoardHandle }) {
  const { restore: t, replay } = useTexts();
  const mayDraw = useStore(session.permissions).has('draw');
  const plan = usePlan(session, wanted);
  const time = useDayAndTime('medium')(wanted.at);
  const leave = (): void => forgetRestore(session);
  const apply = (): void => {
    applyPlan(board, plan);
    leave();
    say(t.done);
  };
  const words = plan.length === 0 ? replay.nothingToRestore
    : wanted.person ? t.previewPerson(plan.length, wanted.person.name, time) : t.preview(plan.length, time);
  return (
    <>
      <Ghost board={board} plan={plan} />
      <section className="restoring" role="dialog" aria-label={t.region} data-testid="restoring">
        <p>{mayDraw ? words : t.mayNot}</p>
        <div className="row">
          <button type="button" className="button primary" data-testid="restore-apply" disabled={!mayDraw || plan.length === 0} onClick={apply}>{t.apply}</button>
          <button type="button" className="button" data-testid="restore-cancel" onClick={leave}>{t.cancel}</button>
        </div>
      </section>
    </>
  );
}

/** What would change, kept true while others go on drawing. */
function usePlan(session: RoomSession, wanted: Wanted): SceneElement[] {
  const generation = useStore(session.generation);
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const { doc } = session.whiteboard;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((count) => count + 1);
      }, 200);
    };
    doc.on('update', later);
    return () => {
      doc.off('update', later);
      clearTimeout(timer);
    };
  }, [session, generation]);
  return useMemo(() => planOf(session.whiteboard.doc, wanted), [session, wanted, generation, version]);
}

/** Drawn over the editor, not in it: others must not see what is only being considered. */
function Ghost({ board, plan }: { board: BoardHandle; plan: readonly SceneElement[] }) {
  const view = useView(board);
  const back = useMemo(() => plan.filter((element) => !element.isDeleted), [plan]);
  const gone = plan.filter((element) => element.isDeleted);
  const drawing = useDrawing(board, back);
  const { scrollX, scrollY, zoom } = view;
  return (
    <div className="restoring-ghost" aria-hidden data-testid="restoring-ghost">
      <div style={{ transform: `scale(${zoom}) translate(${scrollX}px, ${scrollY}px)` }}>
        {drawing && <img alt="" src={drawing.url} style={{ left: drawing.x, top: drawing.y, width: drawing.width, height: drawing.height }} />}
        {gone.map(({ id, x, y, width, height }) => (
          <i key={id} style={{ left: x - PADDING, top: y - PADDING, width: width + 2 * PADDING, height: height + 2 * PADDING, borderWidth: 2 / zoom }} />
        ))}
      </div>
    </div>
  );
}

function useView({ api }: BoardHandle): { scrollX: number; scrollY: number; zoom: number } {
  const read = (): { scrollX: number; scrollY: number; zoom: number } => {
    const { scrollX, scrollY, zoom } = api.getAppState();
    return { scrollX, scrollY, zoom: zoom.value };
  };
  const [view, setView] = useState(read);
  useEffect(() => {
    setView(read());
    return api.onScrollChange(() => setView(read()));
  }, [api]);
  return view;
}

interface Drawing {
  readonly url: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function useDrawing({ api }: BoardHandle, elements: readonly SceneElement[]): Drawing | null {
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  useEffect(() => {
    let current = true;
    if (elements.length === 0) return setDrawing(null);
    void draw(api, elements).then((made) => {
      if (current) setDrawing(made);
      else URL.revokeObjectURL(made.url);
    });
    return () => {
      current = false;
    };
  }, [api, elements]);
  useEffect(() => () => URL.revokeObjectURL(drawing?.url ?? ''), [drawing]);
  return drawing;
}

async function draw(api: BoardHandle['api'], elements: readonly SceneElement[]): Promise<Drawing> {
  const { exportToSvg, getCommonBounds } = await import('@excalidraw/excalidraw');
  const drawn = elements as unknown as Parameters<typeof exportToSvg>[0]['elements'];
  const svg = await exportToSvg({ elements: drawn, files: api.getFiles(), appState: { exportBackground: false }, exportPadding: PADDING });
  const [left, top] = getCommonBounds(drawn);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: 'image/svg+xml' }));
  return { url, x: left - PADDING, y: top - PADDING, width: Number(svg.getAttribute('width')), height: Number(svg.getAttribute('height')) };
}

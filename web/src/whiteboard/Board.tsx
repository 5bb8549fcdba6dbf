/** The shared board of a room: Excalidraw, bound to the session's whiteboard document. */
import './assetPath';
import { Excalidraw, MainMenu, viewportCoordsToSceneCoords } from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { AppState, ExcalidrawImperativeAPI, ExcalidrawProps } from '@excalidraw/excalidraw/types';
import { Download } from 'lucide-react';
import { type DragEvent, type Ref, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type AssetRef, AssetTooLarge, MAX_ASSET_BYTES, assetsOf, downloadAsset } from './assets';
import { attachmentOf, dropImages, insertAttachments, isDrawing, isForEditor, readableSize } from './attachments';
import './board.css';
import { BoardController } from './boardController';
import { type BoardHandle, announceBoard } from './boardHandle';
import { whenReady } from './editorScene';
import { sha256Hex } from './sha256';

export interface BoardProps {
  readonly session: RoomSession;
  readonly theme: 'light' | 'dark';
  readonly lang: string;
  /** The user started (`sub`) or ended (null) to follow somebody. */
  readonly onFollow?: (sub: string | null) => void;
  readonly ref?: Ref<BoardHandle>;
}

const UI_OPTIONS: ExcalidrawProps['UIOptions'] = {
  canvasActions: { loadScene: false, saveToActiveFile: false, toggleTheme: false, changeViewBackgroundColor: false },
};

/** Without the right to add files there is no tool for pictures either; dropping and pasting say why. */
const UI_OPTIONS_WITHOUT_FILES: ExcalidrawProps['UIOptions'] = { ...UI_OPTIONS, tools: { image: false } };

const nameOfImage = async (file: File): Promise<string> => sha256Hex(new Uint8Array(await file.arrayBuffer()));
const noEmbeds = (): boolean => false;

export function Board({ session, theme, lang, onFollow, ref }: BoardProps) {
  const t = useTexts().board;
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  useStore(session.generation);
  const connection = session.whiteboard;
  const status = useStore(connection.status);
  const permissions = useStore(session.permissions);
  const viewOnly = !permissions.has('draw');
  const mayUpload = permissions.has('upload');
  const tell = useProblems(api);
  const controller = useController(session, api, onFollow, tell);
  const { empty, attachment } = useScene(api);
  const hinted = useLoaded(connection.whenLocal) && empty && status.kind !== 'opening';
  useRefusals(session, api);
  const files = useFiles(session, api, { viewOnly, mayUpload }, tell);
  useForbiddenPastes(files.isForbidden);
  useKeysOfBoardOnly();
  useImperativeHandle(ref, () => controller as BoardHandle, [controller]);

  const onPointerUpdate = useCallback<NonNullable<ExcalidrawProps['onPointerUpdate']>>(
    ({ pointer, button }) => controller?.pointer(pointer.x, pointer.y, pointer.tool, button),
    [controller],
  );
  const onLinkOpen = useCallback<NonNullable<ExcalidrawProps['onLinkOpen']>>((element, event) => {
    const asset = attachmentOf(element);
    if (!asset) return;
    event.preventDefault();
    void downloadAsset(session, asset).catch(tell);
  }, [session, tell]);

  return (
    <div
      className="board"
      data-testid="board"
      onDropCapture={files.onDrop}
      onPointerLeave={() => controller?.pointerLeft()}
    >
      <Excalidraw
        excalidrawAPI={setApi}
        isCollaborating
        theme={theme}
        langCode={lang.startsWith('de') ? 'de-DE' : 'en'}
        viewModeEnabled={viewOnly}
        handleKeyboardGlobally
        autoFocus
        aiEnabled={false}
        validateEmbeddable={noEmbeds}
        UIOptions={mayUpload ? UI_OPTIONS : UI_OPTIONS_WITHOUT_FILES}
        generateIdForFile={nameOfImage}
        onPointerUpdate={onPointerUpdate}
        onLinkOpen={onLinkOpen}
        onPaste={files.onPaste}
      >
        <BoardMenu viewOnly={viewOnly} />
      </Excalidraw>
      <p className="board-hint" data-shown={hinted} aria-hidden={!hinted}>
        {viewOnly ? t.emptyViewOnly : t.empty}
      </p>
      {attachment && (
        <button
          type="button"
          className="board-attachment"
          data-testid="attachment-download"
          onClick={() => void downloadAsset(session, attachment).catch(tell)}
        >
          <Download size={16} aria-hidden />
          {t.download(attachment.file_name, readableSize(attachment.size))}
        </button>
      )}
    </div>
  );
}

function BoardMenu({ viewOnly }: { viewOnly: boolean }) {
  return (
    <MainMenu>
      <MainMenu.DefaultItems.SearchMenu />
      <MainMenu.DefaultItems.SaveAsImage />
      <MainMenu.DefaultItems.Export />
      <MainMenu.DefaultItems.Help />
      {!viewOnly && <MainMenu.Separator />}
      {!viewOnly && <MainMenu.DefaultItems.ClearCanvas />}
    </MainMenu>
  );
}

/**
 * Excalidraw takes keys from the whole page, so that drawing can start without a click; keys pressed on a button of a
 * panel belong to the panel. React's own handlers have run when the event reaches the body.
 */
function useKeysOfBoardOnly(): void {
  useEffect(() => {
    const keep = (event: KeyboardEvent): void => {
      const target = event.target as Element;
      if (event.key !== 'Escape' && target !== document.body && !target.closest('.board, .excalidraw')) event.stopPropagation();
    };
    document.body.addEventListener('keydown', keep);
    document.body.addEventListener('keyup', keep);
    return () => {
      document.body.removeEventListener('keydown', keep);
      document.body.removeEventListener('keyup', keep);
    };
  }, []);
}

/** One controller for each editor and generation of the document. */
function useController(
  session: RoomSession, api: ExcalidrawImperativeAPI | null,
  onFollow: BoardProps['onFollow'], tell: (error: unknown) => void,
): BoardController | null {
  const [controller, setController] = useState<BoardController | null>(null);
  const latest = useRef({ onFollow, tell });
  useEffect(() => {
    latest.current = { onFollow, tell };
  });
  const connection = session.whiteboard;
  // a layout effect: it ends before the editor inside is taken down, while there is still a scene to write
  useLayoutEffect(() => {
    if (!api) return undefined;
    let ended = false;
    let started: BoardController | undefined;
    void whenReady(api).then(() => {
      if (ended) return;
      started = new BoardController(session, connection, api, {
        // a document whose work was refused is sent no more: what is still in the hand belongs to its copy
        mayWrite: () => session.may('draw') || connection.status.get().kind === 'refused',
        onFollow: (sub) => latest.current.onFollow?.(sub),
        onProblem: (error) => latest.current.tell(error),
      });
      setController(started);
      announceBoard(session, started);
      window.__thunderline = {
        ...window.__thunderline, api, session, doc: connection.doc, provider: connection, binding: started.binding,
      };
    });
    return () => {
      ended = true;
      announceBoard(session, null);
      setController(null);
      started?.destroy();
    };
  }, [session, connection, api]);
  return controller;
}

/** What this component must know of the scene, without rendering at each point of a stroke. */
function useScene(api: ExcalidrawImperativeAPI | null): { empty: boolean; attachment: AssetRef | null } {
  const [empty, setEmpty] = useState(false);
  const [attachment, setAttachment] = useState<AssetRef | null>(null);
  useEffect(() => {
    if (!api) return undefined;
    return api.onChange((elements, state) => {
      setEmpty(!state.isLoading && elements.every((element) => element.isDeleted));
      setAttachment((shown) => {
        const asset = selectedAttachment(elements, state);
        return asset?.sha256 === shown?.sha256 ? shown : asset;
      });
    });
  }, [api]);
  return { empty, attachment };
}

function selectedAttachment(elements: readonly { id: string; customData?: unknown }[], state: AppState): AssetRef | null {
  const ids = state.selectedElementIds;
  if (Object.keys(ids).length === 0) return null;
  return attachmentOf(elements.find((element) => ids[element.id] && attachmentOf(element)));
}

function useLoaded(whenLocal: Promise<void>): boolean {
  const [loaded, setLoaded] = useState(false);
  useEffect(() => {
    let current = true;
    void whenLocal.then(() => {
      if (current) setLoaded(true);
    });
    return () => {
      current = false;
    };
  }, [whenLocal]);
  return loaded;
}

function useProblems(api: ExcalidrawImperativeAPI | null): (error: unknown) => void {
  const t = useTexts().board;
  return useCallback((error: unknown) => {
    console.warn(error);
    const message = error instanceof AssetTooLarge ? t.fileTooLarge(readableSize(MAX_ASSET_BYTES)) : t.fileUnavailable;
    api?.setToast({ message, closable: true, duration: 6000 });
  }, [api, t]);
}

/** Says once when the server will not have a file that was added here. */
function useRefusals(session: RoomSession, api: ExcalidrawImperativeAPI | null): void {
  const t = useTexts().board;
  const refused = useStore(assetsOf(session).refused);
  const told = useRef(0);
  useEffect(() => {
    const latest = refused.at(-1);
    if (api && latest && refused.length > told.current) {
      api.setToast({ message: t.fileRefused(latest.name, latest.reason), closable: true, duration: 8000 });
    }
    told.current = refused.length;
  }, [refused, api, t]);
}

/** Files dropped or pasted: what Excalidraw understands goes to it, the rest becomes attachments. */
function useFiles(
  session: RoomSession, api: ExcalidrawImperativeAPI | null, { viewOnly, mayUpload }: { viewOnly: boolean; mayUpload: boolean },
  tell: (error: unknown) => void,
) {
  const { upload: why } = useTexts().rights.why;
  const handing = useRef(false);
  return useMemo(() => {
    const isForbidden = (files: readonly File[]): boolean => {
      if (mayUpload || viewOnly || !files.some((file) => !isDrawing(file))) return false;
      api?.setToast({ message: why, closable: true, duration: 6000 });
      return true;
    };
    const attach = async (files: readonly File[], clientX: number, clientY: number): Promise<void> => {
      if (!api || files.length === 0) return;
      const queue = assetsOf(session);
      const assets = await Promise.all(files.map((file) => queue.enqueue(file, file.name)));
      const at = viewportCoordsToSceneCoords({ clientX, clientY }, api.getAppState());
      insertAttachments(api, session.room.get().id, assets, at);
    };
    const onDrop = (event: DragEvent<HTMLDivElement>): void => {
      const files = [...event.dataTransfer.files];
      if (handing.current || (files.length === 0 && !viewOnly)) return;
      const forbidden = isForbidden(files);
      if (!viewOnly && !forbidden && files.length === 1 && isForEditor(files[0]!)) return;
      event.preventDefault();
      event.stopPropagation();
      if (viewOnly || forbidden) return;
      handing.current = true;
      dropImages(event.target as Element, files.filter(isForEditor), event.clientX, event.clientY);
      handing.current = false;
      void attach(files.filter((file) => !isForEditor(file)), event.clientX, event.clientY).catch(tell);
    };
    const onPaste: NonNullable<ExcalidrawProps['onPaste']> = (_data, event) => {
      const files = [...(event?.clipboardData?.files ?? [])].filter((file) => !isForEditor(file));
      if (files.length === 0 || !api) return true;
      const { offsetLeft, offsetTop, width, height } = api.getAppState();
      void attach(files, offsetLeft + width / 2, offsetTop + height / 2).catch(tell);
      return false;
    };
    return { onDrop, onPaste, isForbidden };
  }, [session, api, viewOnly, mayUpload, why, tell]);
}

/** Excalidraw takes pasted pictures without asking: those that may not be added are kept from it. */
function useForbiddenPastes(isForbidden: (files: readonly File[]) => boolean): void {
  useEffect(() => {
    const keep = (event: ClipboardEvent): void => {
      const isForPanel = event.target instanceof Element && event.target.closest('input, textarea, .dock, dialog') !== null;
      if (isForPanel || !isForbidden([...(event.clipboardData?.files ?? [])])) return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener('paste', keep, { capture: true });
    return () => window.removeEventListener('paste', keep, { capture: true });
  }, [isForbidden]);
}

/** Files of a message: pictures as thumbnails that open large, everything else as cards that download. */
import { Download, File as FileIcon, ImageOff, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { type AssetRef, assetsOf, downloadAsset } from '../whiteboard/assets';
import { useChat } from './chatContext';

/** Shown as pictures. SVG is not: a card is enough for what may hold scripts. */
const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);

export function Attachments({ attachments }: { attachments: readonly AssetRef[] }) {
  const { t } = useChat();
  if (attachments.length === 0) return null;
  return (
    <ul className="chat-attachments" aria-label={t.attachments}>
      {attachments.map((asset, i) => (
        <li key={`${asset.sha256} ${i}`}>
          {PICTURES.has(asset.mime_type) ? <Picture asset={asset} /> : <FileCard asset={asset} />}
        </li>
      ))}
    </ul>
  );
}

function FileCard({ asset }: { asset: AssetRef }) {
  const { session, t, formats } = useChat();
  const [failed, setFailed] = useState(false);
  const download = (): void => {
    setFailed(false);
    downloadAsset(session, { ...asset, file_name: asset.file_name || t.file }).catch(() => setFailed(true));
  };
  return (
    <>
      <button
        type="button"
        className="chat-file"
        data-testid="chat-file"
        aria-label={t.download(asset.file_name || t.file, formats.size(asset.size))}
        onClick={download}
      >
        <FileIcon size={20} aria-hidden />
        <span className="chat-file-words">
          <bdi className="chat-file-name">{asset.file_name || t.file}</bdi>
          <span className="chat-file-size">{formats.size(asset.size)}</span>
        </span>
        <Download size={16} aria-hidden />
      </button>
      {failed && <p className="chat-file-problem" role="alert">{t.fileUnavailable}</p>}
    </>
  );
}

/** Loaded when it comes near the visible part of the list. */
function Picture({ asset }: { asset: AssetRef }) {
  const { t } = useChat();
  const [large, setLarge] = useState(false);
  const [broken, setBroken] = useState(false);
  const place = useRef<HTMLButtonElement>(null);
  const { url, failed, retry } = usePicture(asset, place);
  const name = asset.file_name || t.file;
  // Not what its type says: still a file that one can have.
  if (broken) return <FileCard asset={asset} />;
  return (
    <>
      <button
        ref={place}
        type="button"
        className="chat-picture"
        data-testid="chat-picture"
        aria-label={failed ? t.pictureUnavailable(name) : t.enlarge(name)}
        title={name}
        onClick={() => (failed ? retry() : url && setLarge(true))}
      >
        {url && <img src={url} alt="" onError={() => setBroken(true)} />}
        {failed && <span className="chat-picture-failed"><ImageOff size={20} aria-hidden />{t.notHereYet}</span>}
      </button>
      {large && url && <Lightbox asset={asset} name={name} url={url} onClose={() => setLarge(false)} />}
    </>
  );
}

function usePicture(asset: AssetRef, place: React.RefObject<HTMLElement | null>) {
  const { session } = useChat();
  const [url, setUrl] = useState<string>();
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let ended = false;
    let made: string | undefined;
    const load = async (): Promise<void> => {
      try {
        const blob = await assetsOf(session).fetchBlob(asset.sha256);
        if (!ended) setUrl((made = URL.createObjectURL(blob)));
      } catch {
        if (!ended) setFailed(true);
      }
    };
    const near = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      near.disconnect();
      void load();
    }, { rootMargin: '400px' });
    near.observe(place.current!);
    return () => {
      ended = true;
      near.disconnect();
      if (made) URL.revokeObjectURL(made);
    };
  }, [session, asset.sha256, place, attempt]);
  // Its author may have come back: once all is saved again, ask again.
  useEffect(() => {
    if (!failed) return undefined;
    return session.status.subscribe(() => session.status.get().kind === 'saved' && again());
  });
  const again = (): void => {
    setFailed(false);
    setAttempt((number) => number + 1);
  };
  return { url, failed, retry: again };
}

/** The dialog is the browser's own: it keeps the focus, and gives it back. */
function Lightbox({ asset, name, url, onClose }: { asset: AssetRef; name: string; url: string; onClose: () => void }) {
  const { session, t } = useChat();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => dialog.current?.close();
  return (
    <dialog ref={dialog} className="chat-lightbox" aria-label={name} onClose={onClose} onClick={close}>
      <img src={url} alt={name} />
      <div className="chat-lightbox-bar" onClick={(event) => event.stopPropagation()}>
        <bdi>{name}</bdi>
        <button type="button" aria-label={t.downloadIt} title={t.downloadIt} onClick={() => void downloadAsset(session, { ...asset, file_name: name })}>
          <Download size={18} aria-hidden />
        </button>
        <button type="button" aria-label={t.close} title={t.close} onClick={close}><X size={18} aria-hidden /></button>
      </div>
    </dialog>
  );
}

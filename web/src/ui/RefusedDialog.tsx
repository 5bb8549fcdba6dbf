/** Refused work: what happened, and each copy to download, keep or discard. */
import { Download, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { RefusedCopy } from '../sync/localStore';
import type { LiveRoomSession } from '../sync/roomSession';
import { Dialog } from './Dialog';
import { chatFile, download, excalidrawFile, rawFile } from './refusedFiles';
import './refusedDialog.css';
import { language, localeOf, useTexts } from './texts';
import { useStore } from './useStore';

export function RefusedDialog({ session, onClose }: { session: LiveRoomSession; onClose: () => void }) {
  const t = useTexts().refused;
  const copies = useStore(session.copies);
  useEffect(() => {
    if (copies.length === 0) onClose();
  }, [copies, onClose]);
  const keep = (): void => {
    void session.keepForLater(copies);
    onClose();
  };
  return (
    <Dialog title={t.title} onClose={onClose}>
      <p>{t.intro}</p>
      {!session.isStored && <p className="problem">{t.unstored}</p>}
      <ul className="refused-copies">
        {copies.map((copy) => <Copy key={copy.name} copy={copy} onDiscard={() => void session.discard(copy)} />)}
      </ul>
      <div className="dialog-actions">
        <button type="button" className="button primary" onClick={keep}>{t.later}</button>
      </div>
    </Dialog>
  );
}

function Copy({ copy, onDiscard }: { copy: RefusedCopy; onDiscard: () => void }) {
  const t = useTexts();
  const lang = localeOf(useStore(language));
  const [asking, setAsking] = useState(false);
  const at = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(copy.at);
  const isChat = copy.document === 'chat';
  return (
    <li>
      <h3>{t.refused.where[copy.document] ?? copy.document} · {t.refused.changes(copy.changes)}</h3>
      <p className="muted small"><time dateTime={new Date(copy.at).toISOString()}>{at}</time></p>
      <p>{t.refused.whys[copy.code] ?? t.refused.whyOther}</p>
      <div className="refused-actions">
        <button type="button" className="button" onClick={() => download(isChat ? chatFile(copy) : excalidrawFile(copy))}>
          <Download size={16} aria-hidden />
          {isChat ? t.refused.downloadChat : t.refused.downloadBoard}
        </button>
        <button type="button" className="button" onClick={() => download(rawFile(copy))}>{t.refused.downloadRaw}</button>
        {!asking && (
          <button type="button" className="button danger" onClick={() => setAsking(true)}>
            <Trash2 size={16} aria-hidden />
            {t.refused.discard}
          </button>
        )}
      </div>
      {asking && (
        <div className="refused-sure" role="alert">
          <p>{t.refused.discardSure}</p>
          <button type="button" className="button danger" onClick={onDiscard}>{t.refused.discard}</button>
          <button type="button" className="button" onClick={() => setAsking(false)}>{t.shell.cancel}</button>
        </div>
      )}
    </li>
  );
}

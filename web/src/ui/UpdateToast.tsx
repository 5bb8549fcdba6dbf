/** Registers the service worker and says when a new version of the page is ready. */
import { useEffect, useRef, useState } from 'react';
import { registerSW } from 'virtual:pwa-register';
import { useTexts } from './texts';
import './updateToast.css';

export function UpdateToast() {
  const t = useTexts().update;
  const [ready, setReady] = useState(false);
  const update = useRef<(reload?: boolean) => Promise<void>>(undefined);
  useEffect(() => {
    if (import.meta.env.PROD) update.current = registerSW({ onNeedRefresh: () => setReady(true) });
  }, []);
  if (!ready) return null;
  return (
    <div className="toast" role="status">
      <span>{t.ready}</span>
      <button type="button" className="button primary" onClick={() => void update.current?.(true)}>{t.reload}</button>
      <button type="button" className="button" onClick={() => setReady(false)}>{t.later}</button>
    </div>
  );
}

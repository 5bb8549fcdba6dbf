/** Keyboard shortcuts, and what this is. */
import { useEffect, useState } from 'react';
import { getConfig, type ServerConfig } from '../api/rooms';
import { Dialog } from './Dialog';
import './infoDialogs.css';
import { useTexts } from './texts';

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { menu: t, call } = useTexts();
  const keys: readonly [readonly string[], string][] = [
    [['F6'], t.keys.regions],
    [['Esc'], t.keys.close],
    [['Ctrl', 'Z'], t.keys.undo],
    [[t.space], t.keys.pan],
    [[t.space], call.talkKey],
    [['?'], t.keys.help],
  ];
  return (
    <Dialog title={t.shortcuts} onClose={onClose}>
      <dl className="shortcuts">
        {keys.map(([combination, words]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>{combination.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export function AboutDialog({ onClose }: { onClose: () => void }) {
  const t = useTexts().menu;
  const config = useConfig();
  return (
    <Dialog title={config?.name ?? t.about} onClose={onClose}>
      <p>{t.aboutText}</p>
      {config && <p className="muted">{t.version(config.version)}</p>}
    </Dialog>
  );
}

/** The server's description of itself; undefined until it answers. */
export function useConfig(): ServerConfig | null | undefined {
  const [config, setConfig] = useState<ServerConfig | null>();
  useEffect(() => {
    let current = true;
    getConfig().then((answer) => current && setConfig(answer), () => current && setConfig(null));
    return () => {
      current = false;
    };
  }, []);
  return config;
}

/** The menu under the room's name: its name, one's own, appearance, language, help, the way out. */
import { ChevronDown, House, Info, Keyboard, Monitor, Moon, Settings, Sun, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { MAX_NAME_LENGTH, tidyName } from '../api/identity';
import type { LiveRoomSession } from '../sync/roomSession';
import { Popover } from './Popover';
import './roomMenu.css';
import { LANGUAGES, type Language, language, setLanguage, useTexts } from './texts';
import { chooseTheme, type ThemeChoice, themeChoice } from './theme';
import { useStore } from './useStore';

const MAX_ROOM_NAME_LENGTH = 80;
const THEMES: readonly [ThemeChoice, ReactNode][] = [
  ['system', <Monitor key="system" size={16} aria-hidden />],
  ['light', <Sun key="light" size={16} aria-hidden />],
  ['dark', <Moon key="dark" size={16} aria-hidden />],
];

export interface RoomMenuProps {
  session: LiveRoomSession;
  onShow: (dialog: 'settings' | 'shortcuts' | 'about' | 'refused') => void;
  onLeave: () => void;
}

export function RoomMenu({ session, onShow, onLeave }: RoomMenuProps) {
  const t = useTexts();
  const room = useStore(session.room);
  const me = useStore(session.me);
  const copies = useStore(session.copies);
  const mayRename = useStore(session.permissions).has('moderate');
  const button = (
    <><span className="room-name" data-testid="room-name">{room.name || t.shell.untitled}</span><ChevronDown size={16} aria-hidden /></>
  );
  return (
    <Popover label={t.menu.open} className="room-menu-button" testId="room-menu" button={button}>
      {(close) => {
        const item = (icon: ReactNode, words: string, act: () => void): ReactNode => (
          <button type="button" className="menu-item" onClick={() => { close(); act(); }}>{icon}{words}</button>
        );
        return (
          <div className="room-menu">
            {mayRename && (
              <NameField label={t.menu.roomName} value={room.name} max={MAX_ROOM_NAME_LENGTH} save={(name) => session.changeRoom({ name })} />
            )}
            <NameField label={t.menu.yourName} value={me.name} max={MAX_NAME_LENGTH} save={(name) => session.rename(name)} />
            <ThemeChoices />
            <LanguageChoices />
            <hr />
            {item(<Settings size={16} aria-hidden />, t.settings.open, () => onShow('settings'))}
            {copies.length > 0 && item(<TriangleAlert size={16} aria-hidden />, t.menu.refusedWork(copies.length), () => onShow('refused'))}
            {item(<Keyboard size={16} aria-hidden />, t.menu.shortcuts, () => onShow('shortcuts'))}
            {item(<Info size={16} aria-hidden />, t.menu.about, () => onShow('about'))}
            {item(<House size={16} aria-hidden />, t.menu.leave, onLeave)}
          </div>
        );
      }}
    </Popover>
  );
}

/** Saved on Enter and when the field is left. */
function NameField({ label, value, max, save }: {
  label: string; value: string; max: number; save: (name: string) => Promise<void>;
}) {
  const t = useTexts().menu;
  const [name, setName] = useState(value);
  const [failed, setFailed] = useState(false);
  const submit = (): void => {
    const tidy = tidyName(name);
    setName(tidy || value);
    if (!tidy || tidy === value) return;
    setFailed(false);
    save(tidy).catch(() => {
      setFailed(true);
      setName(value);
    });
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <label className="field">
        <span>{label}</span>
        <input className="input" value={name} maxLength={max} onChange={(event) => setName(event.target.value)} onBlur={submit} />
      </label>
      {failed && <p className="problem small" role="alert">{t.renameFailed}</p>}
    </form>
  );
}

export function ThemeChoices() {
  const t = useTexts().menu;
  const chosen = useStore(themeChoice);
  return (
    <fieldset className="choices" data-testid="theme-toggle">
      <legend className="legend">{t.theme}</legend>
      <div className="segments">
        {THEMES.map(([choice, icon]) => (
          <label key={choice} className="segment" title={t.themes[choice]}>
            <input type="radio" name="theme" checked={chosen === choice} onChange={() => chooseTheme(choice)} />
            {icon}
            <span>{t.themes[choice]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function LanguageChoices() {
  const t = useTexts().menu;
  const chosen = useStore(language);
  return (
    <fieldset className="choices">
      <legend className="legend">{t.language}</legend>
      <div className="segments">
        {(Object.keys(LANGUAGES) as Language[]).map((choice) => (
          <label key={choice} className="segment">
            <input type="radio" name="language" checked={chosen === choice} onChange={() => setLanguage(choice)} />
            <span lang={choice}>{LANGUAGES[choice].name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The one panel at the right: chat, people, outline. Floats beside the board; on a phone it is a sheet over its lower part. */
import { List, type LucideIcon, MessageSquare, Users, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { ChatPanel } from '../chat/ChatPanel';
import { useUnread } from '../chat/useUnread';
import { PeoplePanel } from '../presence/PeoplePanel';
import type { LiveRoomSession } from '../sync/roomSession';
import { Outline } from '../whiteboard/Outline';
import './dock.css';
import { keepKeys } from './regions';
import { useTexts } from './texts';

export type DockTab = 'chat' | 'people' | 'outline';

const TABS: readonly [DockTab, LucideIcon][] = [['chat', MessageSquare], ['people', Users], ['outline', List]];

export interface DockProps {
  session: LiveRoomSession;
  /** null: closed. */
  tab: DockTab | null;
  onTab: (tab: DockTab | null) => void;
}

/** The buttons that open and close the panel; always in view. */
export function DockButtons({ session, tab, onTab }: DockProps) {
  const t = useTexts().dock;
  const unread = useUnread(session, tab === 'chat');
  return (
    <div className="dock-buttons">
      {TABS.map(([name, Icon]) => {
        const count = name === 'chat' ? unread : 0;
        const label = count > 0 ? `${t[name]}, ${t.unread(count)}` : t[name];
        return (
          <button
            key={name}
            type="button"
            className="icon-button"
            title={t[name]}
            aria-label={label}
            aria-pressed={tab === name}
            aria-controls="dock"
            data-testid={`dock-${name}`}
            onClick={() => onTab(tab === name ? null : name)}
          >
            <Icon size={18} aria-hidden />
            {count > 0 && <span className="dock-unread" data-testid="unread" aria-hidden>{count > 99 ? '99+' : count}</span>}
          </button>
        );
      })}
    </div>
  );
}

export function Dock({ session, tab, onTab, following, onFollow }: DockProps & {
  following: string | null;
  onFollow: (sub: string | null) => void;
}) {
  const t = useTexts();
  const ref = useRef<HTMLElement>(null);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (tab === null) return undefined;
    before.current = document.activeElement;
    return () => {
      // Whoever was in the panel goes back to the button that opened it, not to nowhere.
      if (!document.activeElement || document.activeElement === document.body) (before.current as HTMLElement | null)?.focus?.();
    };
  }, [tab]);
  return (
    <aside
      ref={ref}
      id="dock"
      className="dock"
      hidden={tab === null}
      aria-label={tab === null ? t.shell.regions.dock : t.dock[tab]}
      data-region="dock"
      onKeyDown={(event) => {
        keepKeys(event);
        if (event.key === 'Escape' && !event.defaultPrevented) onTab(null);
      }}
    >
      <header className="dock-header">
        <h2>{tab === null ? '' : t.dock[tab]}</h2>
        <button type="button" className="icon-button" aria-label={t.dock.close} onClick={() => onTab(null)}>
          <X size={18} aria-hidden />
        </button>
      </header>
      <div className="dock-body" hidden={tab !== 'chat'}><ChatPanel session={session} visible={tab === 'chat'} /></div>
      {tab === 'people' && (
        <div className="dock-body"><PeoplePanel session={session} following={following} onFollow={onFollow} /></div>
      )}
      {tab === 'outline' && <div className="dock-body dock-outline"><Outline session={session} /></div>}
    </aside>
  );
}

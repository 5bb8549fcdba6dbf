/** What somebody has on in the call, and whether the hand is up: a shape each, and its word. */
import { Hand, type LucideIcon, Mic, MonitorUp, Video } from 'lucide-react';
import type { MediaKind } from '../sync/types';
import { useTexts } from '../ui/texts';
import type { Member } from './members';
import './moderation.css';

const ICONS: readonly [MediaKind, LucideIcon][] = [['mic', Mic], ['camera', Video], ['screen', MonitorUp]];

export function Flags({ member }: { member: Pick<Member, 'media' | 'hand'> }) {
  const t = useTexts().moderation;
  const on = ICONS.filter(([kind]) => member.media[kind]);
  if (on.length === 0 && !member.hand) return null;
  return (
    <span className="flags">
      {member.hand && <span className="flag flag-hand" data-testid="hand"><Hand size={12} aria-hidden />{t.hand}</span>}
      {on.map(([kind, Icon]) => (
        <span key={kind} className="flag" title={t[kind]} data-testid={`media-${kind}`}>
          <Icon size={14} aria-hidden />
          <span className="presence-hidden">{t[kind]}</span>
        </span>
      ))}
    </span>
  );
}

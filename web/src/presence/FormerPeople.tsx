/** Folded under the list of those who are here: who else has ever been in the room, and who is banned from it. */
import { MoreHorizontal, Undo2 } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { RoomMember } from '../api/moderation';
import type { RoomSession } from '../sync/types';
import { Menu, type MenuHandle, type MenuItem } from '../ui/Menu';
import { language, localeOf, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { mayActOn } from './mayDo';
import { type ModerationTools, useModeration } from './Moderation';
import './moderation.css';

/** From so many on a search is offered. */
const MANY = 6;

export function FormerPeople({ session }: { session: RoomSession }) {
  const tools = useModeration();
  const [open, setOpen] = useState(false);
  const t = useTexts().moderation;
  if (!tools) return null;
  return (
    <details className="former" open={open} onToggle={(event) => setOpen(event.currentTarget.open)} data-testid="former">
      <summary>{t.former}</summary>
      {open && <FormerList session={session} tools={tools} />}
    </details>
  );
}

function FormerList({ session, tools }: { session: RoomSession; tools: ModerationTools }) {
  const t = useTexts().moderation;
  const { members, failed } = useStore(tools.members);
  const present = useStore(session.roster);
  const [query, setQuery] = useState('');
  const absent = useMemo(() => absentOf(members ?? [], present), [members, present]);
  if (!members) {
    return <p className="people-note" role="status">{failed ? t.loadFailed : t.loading}</p>;
  }
  const found = absent.filter(({ name }) => name.toLocaleLowerCase().includes(query.trim().toLocaleLowerCase()));
  return (
    <>
      {absent.length >= MANY && (
        <input
          type="search"
          className="input former-search"
          aria-label={t.search}
          placeholder={t.search}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      )}
      <p className="presence-hidden" role="status">{query && t.formerCount(found.length)}</p>
      {found.length === 0 && <p className="people-note">{absent.length === 0 ? t.noFormer : t.nobodyFound}</p>}
      <ul className="people-list">
        {found.map((member) => <Former key={member.sub} session={session} tools={tools} member={member} />)}
      </ul>
    </>
  );
}

/** Banned people first, then by name. The roster is newer than the list. */
export function absentOf(members: readonly RoomMember[], present: readonly { sub: string }[]): readonly RoomMember[] {
  const here = new Set(present.map(({ sub }) => sub));
  return members
    .filter(({ sub, banned }) => banned || !here.has(sub))
    .sort((a, b) => Number(b.banned) - Number(a.banned) || a.name.localeCompare(b.name));
}

function Former({ session, tools, member }: { session: RoomSession; tools: ModerationTools; member: RoomMember }) {
  const t = useTexts();
  const lang = localeOf(useStore(language));
  const { role: mine } = useStore(session.me);
  const menu = useRef<MenuHandle>(null);
  const button = useRef<HTMLButtonElement>(null);
  const { name, role, banned, removed, joined_at: joined } = member;
  const day = new Intl.DateTimeFormat(lang, { dateStyle: 'medium' }).format(joined / 1000);
  const standing = banned ? t.moderation.isBanned : removed ? t.moderation.wasRemoved : '';
  const items: MenuItem[] = [
    { words: t.moderation.rights, icon: null, act: () => tools.open('rights', member) },
    {
      words: t.moderation.ban, icon: null, isDangerous: true, act: () => tools.open('ban', member),
      lockedBecause: { yes: undefined, owner: t.moderation.cannotOwner, byOwner: t.moderation.cannotModerator }[mayActOn(mine, member)],
    },
  ];
  return (
    <li className="person" data-testid="former-person" data-sub={member.sub}>
      <div className="person-text">
        <p className="person-name"><bdi>{name}</bdi></p>
        <p className="person-facts">
          {standing && <strong className="former-standing">{standing}</strong>}
          {[t.people.roles[role], t.moderation.firstHere(day)].map((fact, at) => <span key={fact}>{at > 0 || standing ? ` · ${fact}` : fact}</span>)}
        </p>
      </div>
      {banned
        ? (
          <button type="button" className="button small-button" data-testid="unban" onClick={() => void tools.unban(member)}>
            <Undo2 size={14} aria-hidden />
            {t.moderation.unban}
          </button>
        )
        : (
          <button
            ref={button}
            type="button"
            className="person-action"
            aria-haspopup="menu"
            aria-label={t.moderation.actions(name)}
            title={t.moderation.actions(name)}
            onClick={() => button.current && menu.current?.openAt(button.current)}
          >
            <MoreHorizontal size={18} aria-hidden />
          </button>
        )}
      <Menu ref={menu} label={t.moderation.actions(name)} items={items} />
    </li>
  );
}

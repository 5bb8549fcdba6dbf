/**
 * Everybody in the room, in words: who they are, since when, whether they are looking. Here one renames oneself and
 * raises a hand, and those who moderate find what can be done with each person.
 */
import { Check, Eye, EyeOff, Hand, MoreHorizontal, Pencil, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { MAX_NAME_LENGTH, tidyName } from '../api/identity';
import type { RoomSession } from '../sync/types';
import { Menu, type MenuHandle } from '../ui/Menu';
import { language, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { colours } from './Avatars';
import type { Attention } from './boardPresence';
import { Flags } from './Flags';
import { FormerPeople } from './FormerPeople';
import { initialsOf, type Member } from './members';
import './moderation.css';
import './presence.css';
import { usePersonMenu } from './usePersonMenu';
import { usePresent } from './usePresent';

export interface PeoplePanelProps {
  readonly session: RoomSession;
  /** `sub` of whom this page follows. */
  readonly following: string | null;
  readonly onFollow: (sub: string | null) => void;
}

export function PeoplePanel({ session, following, onFollow }: PeoplePanelProps) {
  const { people: t, moderation: words } = useTexts();
  const { members, attention } = usePresent(session);
  // A roster of the server's says since when; what the board's awareness shows does not.
  const isSubstitute = members.every(({ since }) => since === 0);
  const hands = members.filter(({ hand }) => hand).map(({ name }) => name);
  return (
    <div className="people">
      {hands.length > 0 && <p className="hands-up" role="status">{words.handsUp(hands.join(', '))}</p>}
      <ul className="people-list" aria-label={t.list}>
        {members.map((member) => (
          <li key={member.sub} className="person" data-testid="person" data-sub={member.sub}>
            {member.isMe
              ? <Myself session={session} member={member} />
              : (
                <Other
                  session={session}
                  member={member}
                  attention={attention.get(member.sub)}
                  isFollowed={member.sub === following}
                  onFollow={onFollow}
                />
              )}
          </li>
        ))}
      </ul>
      {isSubstitute ? <p className="people-note">{t.nobodyKnown}</p> : members.length === 1 && <p className="people-note">{t.alone}</p>}
      <FormerPeople session={session} />
    </div>
  );
}

function Other({ session, member, attention, isFollowed, onFollow }: {
  session: RoomSession; member: Member; attention: Attention | undefined; isFollowed: boolean; onFollow: (sub: string | null) => void;
}) {
  const t = useTexts().people;
  const { name, sub } = member;
  const canFollow = attention !== undefined || isFollowed;
  const Icon = isFollowed ? EyeOff : Eye;
  const label = isFollowed ? t.unfollow(name) : canFollow ? t.follow(name) : t.notOnBoard(name);
  return (
    <>
      <Circle member={member} attention={attention} />
      <Description member={member} attention={attention ?? 'away'} isFollowed={isFollowed} />
      <button
        type="button"
        className="person-action"
        data-testid="follow"
        aria-pressed={isFollowed}
        aria-label={label}
        aria-disabled={!canFollow}
        title={label}
        onClick={() => {
          if (canFollow) onFollow(isFollowed ? null : sub);
        }}
      >
        <Icon size={18} aria-hidden />
      </button>
      <PersonMenu session={session} member={member} isFollowed={isFollowed} canFollow={canFollow} onFollow={onFollow} />
    </>
  );
}

function PersonMenu({ session, member, ...following }: {
  session: RoomSession; member: Member; isFollowed: boolean; canFollow: boolean; onFollow: (sub: string | null) => void;
}) {
  const t = useTexts().moderation;
  const menu = useRef<MenuHandle>(null);
  const button = useRef<HTMLButtonElement>(null);
  const items = usePersonMenu(session, member, following);
  if (!items) return null;
  const label = t.actions(member.name);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="person-action"
        data-testid="person-menu"
        aria-haspopup="menu"
        aria-label={label}
        title={label}
        onClick={() => button.current && menu.current?.openAt(button.current)}
      >
        <MoreHorizontal size={18} aria-hidden />
      </button>
      <Menu ref={menu} label={label} items={items} />
    </>
  );
}

function Myself({ session, member }: { session: RoomSession; member: Member }) {
  const { people: t, moderation: words } = useTexts();
  const [isRenaming, setRenaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasRenaming = useRef(false);
  useEffect(() => {
    if (wasRenaming.current && !isRenaming) button.current?.focus();
    wasRenaming.current = isRenaming;
  }, [isRenaming]);
  if (isRenaming) {
    return (
      <>
        <Circle member={member} attention="here" />
        <RenameForm
          name={member.name}
          onName={(name) => {
            setRenaming(false);
            if (name !== null && name !== member.name) void session.rename(name);
          }}
        />
      </>
    );
  }
  return (
    <>
      <Circle member={member} attention="here" />
      <Description member={member} attention="here" isFollowed={false} />
      <button
        type="button"
        className="person-action"
        data-testid="raise-hand"
        aria-pressed={member.hand}
        aria-label={words.raiseHand}
        title={member.hand ? words.lowerHand : words.raiseHand}
        onClick={() => session.setHand(!member.hand)}
      >
        <Hand size={18} aria-hidden />
      </button>
      <button
        ref={button}
        type="button"
        className="person-action"
        data-testid="rename"
        aria-label={t.rename}
        title={t.rename}
        onClick={() => setRenaming(true)}
      >
        <Pencil size={18} aria-hidden />
      </button>
    </>
  );
}

/** @param onName is given the new name, or null when nothing is to change. */
function RenameForm({ name, onName }: { name: string; onName: (name: string | null) => void }) {
  const t = useTexts();
  const [text, setText] = useState(name);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  return (
    <form
      className="person-form"
      onSubmit={(event) => {
        event.preventDefault();
        onName(tidyName(text) || null);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onName(null);
      }}
    >
      <input
        ref={input}
        data-testid="rename-input"
        aria-label={t.people.name}
        autoComplete="nickname"
        maxLength={MAX_NAME_LENGTH}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="person-action" aria-label={t.people.saveName} title={t.people.saveName}>
        <Check size={18} aria-hidden />
      </button>
      <button type="button" className="person-action" aria-label={t.shell.cancel} title={t.shell.cancel} onClick={() => onName(null)}>
        <X size={18} aria-hidden />
      </button>
    </form>
  );
}

function Circle({ member, attention }: { member: Member; attention: Attention | undefined }) {
  return (
    <span className="avatar avatar-large" data-attention={attention ?? 'absent'} style={colours(member)} aria-hidden>
      {initialsOf(member.name)}
    </span>
  );
}

function Description({ member, attention, isFollowed }: { member: Member; attention: Attention; isFollowed: boolean }) {
  const t = useTexts().people;
  const lang = useStore(language);
  const { name, role, since, pages, isMe } = member;
  const facts = [
    t.roles[role],
    since > 0 ? t.since(timeOf(since / 1000, lang)) : '',
    pages > 1 ? t.pages(pages) : '',
  ];
  return (
    <div className="person-text">
      <div className="person-name-line">
        <p className="person-name">
          <bdi>{name}</bdi>
          {isMe && <span className="person-you">{` (${t.you})`}</span>}
        </p>
        <Flags member={member} />
      </div>
      <p className="person-facts">
        <span className="person-attention" data-attention={attention}>{t[attention]}</span>
        {facts.filter(Boolean).map((fact) => <span key={fact}>{` · ${fact}`}</span>)}
        {isFollowed && <strong>{` · ${t.following}`}</strong>}
      </p>
    </div>
  );
}

/** 14:30; with its day when that is not today. */
function timeOf(at: number, lang: string): string {
  const locale = typeof navigator === 'undefined' ? lang : (navigator.languages.find((one) => one.startsWith(lang)) ?? lang);
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale, isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

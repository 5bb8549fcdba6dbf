/**
 * The people in the room as round initials in their colours. A click follows somebody's view of the board; a right click,
 * a long press or the menu key opens what those who moderate can do.
 */
import { Hand } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import type { RoomSession } from '../sync/types';
import { Menu, type MenuHandle } from '../ui/Menu';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { announceAttention } from './boardPresence';
import { inkOn } from './ink';
import { initialsOf, type Member } from './members';
import './moderation.css';
import './presence.css';
import { usePersonMenu } from './usePersonMenu';
import { type Present, usePresent } from './usePresent';

export interface AvatarsProps {
  readonly session: RoomSession;
  /** `sub` of whom this page follows. */
  readonly following: string | null;
  readonly onFollow: (sub: string | null) => void;
  /** Show everybody: the panel, say. Without it the rest is only named. */
  readonly onMore?: () => void;
  /** How many of the others have their own circle. */
  readonly most?: number;
}

/** Also tells the others whether somebody is looking at this page: mount it once, for as long as the room is open. */
export function Avatars({ session, ...rest }: AvatarsProps) {
  const present = usePresent(session);
  const generation = useStore(session.generation);
  useEffect(() => announceAttention(session.whiteboard.awareness), [session, generation]);
  return <AvatarRow session={session} present={present} {...rest} />;
}

export function AvatarRow({ session, present, following, onFollow, onMore, most = 5 }: AvatarsProps & { present: Present }) {
  const t = useTexts().people;
  const [me, others] = useMemo(
    () => [present.members.find(({ isMe }) => isMe), present.members.filter(({ isMe }) => !isMe)], [present.members],
  );
  // Whoever is followed stays in sight.
  const shown = [...others.slice(0, most)];
  const followed = others.find(({ sub }) => sub === following);
  if (followed && !shown.includes(followed)) shown[most - 1] = followed;
  const hidden = others.filter((other) => !shown.includes(other));
  return (
    <ul className="avatars" aria-label={t.avatars}>
      {shown.map((member) => (
        <li key={member.sub}>
          <FollowAvatar
            session={session}
            member={member}
            attention={present.attention.get(member.sub)}
            isFollowed={member.sub === following}
            onFollow={onFollow}
          />
        </li>
      ))}
      {hidden.length > 0 && <li><More hidden={hidden} onMore={onMore} /></li>}
      {me && (
        <li>
          <span className="avatar avatar-me" data-testid="avatar" title={`${me.name} (${t.you})`} style={colours(me)}>
            <span aria-hidden>{initialsOf(me.name)}</span>
            <span className="presence-hidden">{`${me.name} (${t.you})`}</span>
            <RaisedHand member={me} />
          </span>
        </li>
      )}
    </ul>
  );
}

function FollowAvatar({ session, member, attention, isFollowed, onFollow }: {
  session: RoomSession;
  member: Member;
  attention: 'here' | 'away' | undefined;
  isFollowed: boolean;
  onFollow: (sub: string | null) => void;
}) {
  const { people: t, moderation: words } = useTexts();
  const { name, sub } = member;
  const onBoard = attention !== undefined;
  const label = isFollowed ? t.unfollow(name) : onBoard ? t.follow(name) : t.notOnBoard(name);
  const menu = useRef<MenuHandle>(null);
  const items = usePersonMenu(session, member, { isFollowed, canFollow: onBoard, onFollow });
  return (
    <>
      <button
        type="button"
        className="avatar"
        data-testid="avatar"
        data-attention={attention ?? 'absent'}
        aria-pressed={isFollowed}
        aria-disabled={!onBoard && !isFollowed}
        aria-label={member.hand ? `${label}. ${words.hand}` : label}
        aria-haspopup={items ? 'menu' : undefined}
        title={items ? words.menuHint(name) : name}
        style={colours(member)}
        onClick={() => {
          if (isFollowed) onFollow(null);
          else if (onBoard) onFollow(sub);
        }}
        onContextMenu={(event) => {
          if (!items) return;
          event.preventDefault();
          menu.current?.openAt(event.currentTarget);
        }}
      >
        <span aria-hidden>{initialsOf(name)}</span>
        <RaisedHand member={member} />
      </button>
      {items && <Menu ref={menu} label={words.actions(name)} items={items} />}
    </>
  );
}

function RaisedHand({ member }: { member: Member }) {
  return member.hand && <span className="avatar-hand" data-testid="avatar-hand" aria-hidden><Hand size={10} strokeWidth={3} /></span>;
}

function More({ hidden, onMore }: { hidden: readonly Member[]; onMore: (() => void) | undefined }) {
  const t = useTexts().people;
  const names = hidden.map(({ name }) => name).join(', ');
  const label = `${t.more(hidden.length)}: ${names}`;
  if (!onMore) return <span className="avatar avatar-more" role="img" aria-label={label} title={names}>+{hidden.length}</span>;
  return (
    <button type="button" className="avatar avatar-more" data-testid="avatars-more" aria-label={label} title={names} onClick={onMore}>
      +{hidden.length}
    </button>
  );
}

/** Letters and ground of a person's circle, as custom properties: the style sheet says where they go. */
export function colours({ color }: Pick<Member, 'color'>): React.CSSProperties {
  return { '--person': color, '--person-ink': inkOn(color) } as React.CSSProperties;
}

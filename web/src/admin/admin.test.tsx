import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, it } from 'vitest';
import { language } from '../ui/texts';
import { AdminContext } from './adminApi';
import { ConcurrencyPoints } from './ConcurrencyView';
import { Gate } from './Gate';
import { Freshness, Numbers } from './Overview';
import { PeopleTable } from './PeopleView';
import { RoomMembers } from './RoomMembers';
import { RoomsTable } from './RoomsView';
import { SessionsTable } from './SessionsView';
import { StorageTable } from './StorageView';
import { MadeToken } from './TokensView';
import { type AdminMember, type AdminRoom, type OpenSession, PERMISSIONS, type PersonStats } from './types';

const NOW = 1_790_000_000_000_000;
const nothing = (): void => {};
const counts = { mic_seconds: 0, camera_seconds: 65, screen_seconds: 0, edits: 12, messages: 3 };

const room = (id: string, more: Partial<AdminRoom> = {}): AdminRoom => ({
  room: { id, name: `Room ${id}`, access: 'link', default_role: 'member', permissions: ['draw'], door: 'open', max_people: 0, recovery: false },
  created_at: NOW - 9e9, deleted_at: null, people_now: 0, sessions_now: 0, members: 2, update_rows: 5, update_bytes: 3_072, asset_bytes: 1_024,
  last_activity: NOW - 120_000_000, ...more,
});
const person: PersonStats = {
  ...counts, user: 'u1', name: '<Bob>', sessions: 4, first_joined_at: NOW - 9e9, last_seen_at: null, present_seconds: 3_700, rooms: 2, present: true,
};
const session: OpenSession = {
  ...counts, id: 's1', user: 'u1', name: 'Bob', device: 'Chromium on Linux', joined_at: NOW - 300_000_000, left_at: null, duration_seconds: 300,
  room: 'a', role: 'member', permissions: ['draw', 'chat'],
};
const member = (sub: string, more: Partial<AdminMember> = {}): AdminMember => ({
  sub, name: sub, role: 'member', permissions: PERMISSIONS, overrides: {}, present: true, banned: false, removed: false, joined_at: NOW, ...more,
});

function show(content: ReactNode): string {
  return renderToStaticMarkup(<AdminContext value={{ token: 't', now: NOW, say: nothing }}>{content}</AdminContext>);
}

/** What a reader sees of it. */
const words = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

afterEach(() => language.set('en'));

describe('the table of rooms', () => {
  it('shows live rooms first and deleted ones not at all', () => {
    const html = show(<RoomsTable rooms={[room('b'), room('a', { people_now: 3, sessions_now: 4 }), room('gone', { deleted_at: NOW })]} />);
    expect(html.indexOf('Room a')).toBeLessThan(html.indexOf('Room b'));
    expect(html).not.toContain('Room gone');
    expect(words(html)).toContain('Room a Live 3 2 4 KB 2 min. ago');
    expect(html).toContain('href="/admin?view=rooms&amp;room=a"');
  });

  it('says which column it is sorted by, to screen readers too', () => {
    const html = show(<RoomsTable rooms={[room('a')]} />);
    expect(html.match(/aria-sort="descending"/g)).toHaveLength(1);
    expect(html).toContain('<caption class="visually-hidden">Rooms</caption>');
    expect(html).toContain('scope="row"');
  });

  it('marks doors and recovery in words', () => {
    const locked = room('a');
    const html = show(<RoomsTable rooms={[{ ...locked, room: { ...locked.room, door: 'locked', recovery: true } }]} />);
    expect(words(html)).toContain('Quiet Locked Recovery');
  });

  it('says that there are none yet', () => {
    expect(words(show(<RoomsTable rooms={[]} />))).toContain('No room has been made yet');
  });

  it('speaks German', () => {
    language.set('de');
    expect(words(show(<RoomsTable rooms={[room('a', { people_now: 1 })]} />))).toMatch(/Jetzt da .* Belebt/);
  });
});

describe('the people of a room', () => {
  const html = (members: AdminMember[]): string => show(<RoomMembers room={room('a').room} members={members} onChanged={nothing} />);

  it('can be sent away while they are here, and are let back after a ban', () => {
    expect(html([member('bob')])).toContain('aria-label="Send bob away" aria-disabled="false"');
    const banned = html([member('eve', { banned: true, present: false })]);
    expect(banned).toContain('aria-label="Lift the ban of eve"');
    expect(banned).not.toContain('aria-label="Ban eve"');
    expect(banned).toContain('aria-label="Send eve away" aria-disabled="true"');
  });

  it('have their exceptions told in words', () => {
    expect(words(html([member('bob', { overrides: { draw: false, record: true } })]))).toContain('may not: Draw, may: Record');
    expect(words(html([member('bob')]))).toContain('as the role');
  });
});

describe('people and sessions', () => {
  it('tell what they did, and never their names as markup', () => {
    const html = show(<PeopleTable people={[person]} onChanged={nothing} />);
    expect(html).not.toContain('<Bob>');
    expect(words(html)).toContain('&lt;Bob&gt; u1 Here now');
    expect(words(html)).toContain('1:01 h');
    expect(html).toContain('aria-label="Erase what is known of &lt;Bob&gt;"');
  });

  it('link to their room by its name', () => {
    const html = show(<SessionsTable sessions={[session]} roomNames={new Map([['a', 'Planning']])} onChanged={nothing} />);
    expect(words(html)).toContain('Bob Chromium on Linux Planning');
    expect(words(html)).toContain('Member Rights: 2/8 (Draw, Write in the chat)');
  });
});

describe('storage', () => {
  it('gives every room its share', () => {
    const html = show(<StorageTable rooms={[room('a'), room('b', { update_bytes: 12_288, asset_bytes: 0 })]} />);
    expect(html.indexOf('Room b')).toBeLessThan(html.indexOf('Room a'));
    expect(words(html)).toContain('75%');
  });

  it('divides nothing by nothing', () => {
    expect(words(show(<StorageTable rooms={[room('a', { update_bytes: 0, asset_bytes: 0 })]} />))).toContain('0%');
  });
});

describe('the chart', () => {
  const points = [{ at: 0, people: 1, sessions: 2 }, { at: 30_000_000, people: 4, sessions: 5 }];

  it('is a control that tells its value in words', () => {
    const html = show(<ConcurrencyPoints points={points} range="hour" isTable={false} />);
    expect(html).toContain('role="slider"');
    expect(html).toMatch(/aria-valuetext="[^"]+: 4 people, 5 pages"/);
    expect(html).toContain('People at the same time, last 1 hour. At most 4.');
  });

  it('is also a table, the newest first', () => {
    const html = show(<ConcurrencyPoints points={points} range="hour" isTable />);
    expect(html).not.toContain('<svg');
    expect(words(html)).toMatch(/ 4 5 .* 1 2 /);
  });
});

describe('the head of the page', () => {
  it('says since when the server does not answer', () => {
    const polled = { value: {}, at: Date.UTC(2026, 0, 1), refresh: nothing };
    expect(show(<Freshness of={{ ...polled, problem: null }} />)).toContain('data-state="live"');
    const stale = show(<Freshness of={{ ...polled, problem: new Error('x') }} />);
    expect(stale).toContain('role="alert"');
    expect(words(stale)).toContain('The server does not answer. What you see is from');
  });

  it('shows no numbers before it knows them', () => {
    expect(words(show(<Numbers overview={undefined} />))).not.toMatch(/\d/);
  });
});

describe('a made token', () => {
  it('is shown once, whole, with its id', () => {
    const html = show(<MadeToken made={{ token: 'a.b.c', jti: 'id7', expires_at: NOW }} onAnother={nothing} />);
    expect(html).toContain('value="a.b.c"');
    expect(html).toContain('value="id7"');
    expect(words(html)).toContain('Copy it now.');
  });
});

describe('without a token', () => {
  it.each(['none', 'expired', 'refused', 'left'] as const)('says how to get one: %s', (why) => {
    expect(show(<Gate why={why} />)).toContain('thunderline admin-link');
  });

  it('says that it has expired', () => {
    expect(words(show(<Gate why="expired" />))).toContain('has expired');
  });
});

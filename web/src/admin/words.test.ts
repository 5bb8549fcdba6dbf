import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { de } from '../ui/texts/de';
import { en } from '../ui/texts/en';
import { wordsOf } from './adminApi';
import { eventFields, isSigned } from './eventWords';
import { formatsFor } from './format';
import { changesOf } from './MemberRights';
import { addressOf, queryWith } from './query';
import { changedSettings } from './RoomSettings';
import { type AdminMember, type Permission, PERMISSIONS } from './types';

const t = en.admin;
const formats = formatsFor('en', t);
const names = new Map([['u1', 'Bob']]);

describe('an event in words', () => {
  it('translates what it knows, and shows what it does not', () => {
    const details = { user: 'u1', role: 'viewer', permissions: ['screen_share'], overrides: { draw: false }, recovery: true, new_thing: 'x_y', empty: '', nothing: null };
    expect(eventFields(details, t, formats, names)).toEqual([
      ['Person', 'Bob'], ['Role', 'View only'], ['Rights', 'Share a screen'], ['Exceptions', 'Draw: no'], ['Recovery', 'yes'], ['new thing', 'x_y'],
    ]);
  });

  it('is safe from names that objects have by themselves', () => {
    expect(eventFields({ role: 'constructor', door: 'toString' }, t, formats, names)).toEqual([['Role', 'constructor'], ['Door', 'toString']]);
  });

  it('says that it is signed, not the signature', () => {
    const details = { signature: 'abc', sessions: 3 };
    expect(isSigned(details)).toBe(true);
    expect(eventFields(details, t, formats, names)).toEqual([['sessions', '3']]);
  });

  it('has words for every kind in both languages', () => {
    const kinds = ['room_created', 'room_branched', 'room_changed', 'room_deleted', 'member_joined', 'role_changed', 'permissions_changed', 'kicked', 'banned', 'unbanned',
      'handover', 'knock_admitted', 'knock_declined', 'invitation_created', 'invitation_revoked', 'muted', 'recovery_changed', 'work_returned', 'upload',
      'person_erased', 'content_erased', 'thinned', 'files_dropped', 'retention', 'token_minted', 'token_revoked'];
    for (const texts of [en, de]) expect(kinds.filter((kind) => !texts.admin.events.kinds[kind])).toEqual([]);
    expect(kinds.filter((kind) => en.admin.events.kinds[kind] === de.admin.events.kinds[kind])).toEqual([]);
  });
});

describe('sizes and lengths of time', () => {
  it.each([[0, '0 B'], [1023, '1,023 B'], [1024, '1 KB'], [15_000, '15 KB'], [1_572_864, '1.5 MB'], [5e12, '4,657 GB']])('%i bytes are %s', (bytes, words) => {
    expect(formats.size(bytes)).toBe(words);
  });

  it.each([[0, '0 s'], [59.4, '59 s'], [60, '1 min'], [7500, '2:05 h'], [7200, '2:00 h'], [35_999, '9:59 h'], [36_000, '10 h'], [400_000, '111 h']])('%d seconds are %s', (seconds, words) => {
    expect(formats.length(seconds)).toBe(words);
  });

  it('does not know the future', () => {
    expect(formats.ago(2_000_000, 1_000_000)).toBe('now');
    expect(formats.ago(0, 7_200_000_000)).toBe('2 hr. ago');
  });
});

describe('a refusal', () => {
  it('is told in words of ours, else in the server’s', () => {
    expect(wordsOf(new ApiError('room_deleted', 'x', 410), t)).toBe(t.problems.room_deleted);
    expect(wordsOf(new ApiError('new_code', 'Because.', 400), t)).toContain('Because.');
  });
});

describe('what is sent', () => {
  const member: AdminMember = {
    sub: 'u1', name: 'Bob', role: 'member', permissions: [], overrides: { draw: false }, present: true, banned: false, removed: false, joined_at: 1,
  };
  const states = (changes: Partial<Record<Permission, 'role' | 'allow' | 'deny'>>) =>
    ({ ...Object.fromEntries(PERMISSIONS.map((one) => [one, one === 'draw' ? 'deny' : 'role'])), ...changes }) as Record<Permission, 'role' | 'allow' | 'deny'>;

  it('is only what differs from what is', () => {
    expect(changesOf(member, 'member', states({}))).toEqual({});
    expect(changesOf(member, 'viewer', states({}))).toEqual({ role: 'viewer' });
    expect(changesOf(member, 'member', states({ draw: 'role', record: 'allow' }))).toEqual({ overrides: { draw: null, record: true } });
  });

  it('names the settings that were changed', () => {
    const before = { name: 'A', access: 'link', default_role: 'member', permissions: ['draw'], door: 'open', max_people: 0 } as const;
    expect(changedSettings(before, { ...before })).toEqual({});
    expect(changedSettings(before, { ...before, permissions: [], door: 'closed' })).toEqual({ permissions: [], door: 'closed' });
  });
});

describe('the address', () => {
  it('keeps what is set and drops what is not', () => {
    expect(queryWith('view=people&q=a', { q: 'ann b', sort: '-time' })).toBe('view=people&q=ann+b&sort=-time');
    expect(queryWith('view=people&q=a', { q: null, sort: '' })).toBe('view=people');
    expect(addressOf({ view: null })).toBe('/admin');
    expect(addressOf({ view: 'rooms', room: 'a&b' })).toBe('/admin?view=rooms&room=a%26b');
  });
});

import { describe, expect, it } from 'vitest';
import type { EventEntry, RoomMember } from '../../api/moderation';
import { de } from '../texts/de';
import { en } from '../texts/en';
import { chartBounds, peakOf } from './concurrency';
import { eventSentence } from './eventSentence';
import { namesOf } from './names';

const members = [{ sub: 'u1', name: 'Ann' }, { sub: 'u2', name: 'Bob' }, { sub: 'u3', name: 'Erased person' }] as unknown as RoomMember[];

function sentence(kind: string, details: EventEntry['details'] = {}, user: string | null = 'u1', t = en): string {
  return eventSentence({ id: 1, at: 1, kind, user, details }, namesOf(members, t.events), t, 'en');
}

describe('an entry of the audit trail', () => {
  it.each<[string, EventEntry['details'], string]>([
    ['room_created', {}, 'Ann made the room.'],
    ['room_changed', { name: 'Retro' }, 'Ann named the room “Retro”.'],
    ['room_changed', { door: 'closed' }, 'Ann closed the room for everybody.'],
    ['room_changed', { access: 'lobby' }, 'Ann changed who may come in: Whoever is let in.'],
    ['room_changed', { max_people: 5, permissions: ['draw'] }, 'Ann changed in the settings: most people and rights of members.'],
    ['member_joined', { role: 'viewer' }, 'Ann came in for the first time, as: Only looks.'],
    ['role_changed', { user: 'u2', before: 'member', after: 'moderator' }, 'Ann changed the role of Bob to: Moderator.'],
    ['permissions_changed', { user: 'u2', overrides: { draw: false, chat: true } },
      'Ann changed what Bob may do: allowed: Write in the chat; not allowed: Draw on the board.'],
    ['permissions_changed', { user: 'u2', overrides: {} }, 'Ann set what Bob may do back to what the room says.'],
    ['kicked', { user: 'u2', reason: 'Too loud' }, 'Ann removed Bob. Reason: Too loud'],
    ['handover', { user: 'u2', role: 'owner' }, 'Ann handed the room over to Bob.'],
    ['knock_declined', { user: 'gone', name: 'Cy', reason: '' }, 'Ann did not let Cy in.'],
    ['invitation_created', { role: 'member', label: 'Sales' }, 'Ann made an invitation link (Member, Sales).'],
    ['upload', { file_name: 'plan.pdf' }, 'Ann added a file: plan.pdf.'],
    ['muted', { session: 's', what: 'mic' }, 'Ann asked somebody to mute.'],
    ['retention', {}, 'The server removed old records, as its operator has set it.'],
  ])('%s %j is a sentence', (kind, details, words) => {
    expect(sentence(kind, details)).toBe(words);
  });

  it('names the operator, and those who were erased or never known', () => {
    expect(sentence('room_deleted', {}, 'admin')).toBe('The operator of the server deleted the room.');
    expect(sentence('banned', { user: 'u3' })).toBe('Ann banned an erased person.');
    expect(sentence('banned', { user: 'nobody' }, null)).toBe('Somebody banned somebody.');
  });

  it('that is newer than this page is not hidden, and hostile details are text', () => {
    expect(sentence('fireworks')).toContain('fireworks');
    expect(sentence('constructor')).toContain('constructor');
    expect(sentence('room_changed', { door: 'toString' })).toBe('Ann changed in the settings: door.');
    expect(sentence('role_changed', { user: 5, after: ['x'] } as never)).toBe('Ann changed the role of somebody to: .');
  });

  it('is told in German', () => {
    expect(sentence('kicked', { user: 'u2' }, 'u1', de)).toBe('Ann hat Bob entfernt.');
  });
});

describe('the chart of people at a time', () => {
  const points = [{ at: 0, people: 1, sessions: 1 }, { at: 60, people: 3, sessions: 4 }, { at: 120, people: 3, sessions: 3 }];

  it('covers all steps, the last one too', () => {
    expect(chartBounds(points)).toEqual({ since: 0, until: 180, step: 60 });
    expect(peakOf(points)?.at).toBe(60);
  });

  it('is not drawn while there is nothing to see', () => {
    expect(chartBounds([])).toBeUndefined();
    expect(chartBounds([{ at: 0, people: 0, sessions: 0 }])).toBeUndefined();
  });
});

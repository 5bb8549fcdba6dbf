import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../chat/readMessage';
import { awaySince, missedBy } from './absence';
import { type RoomHistory, type Timeline } from './historyApi';
import { meetingsOf } from './replay';

const MINUTE = 60_000_000;
const stay = (sub: string, from: number, to: number | null) => ({ sub, joined_at: from * MINUTE, left_at: to === null ? null : to * MINUTE });
const overview = (sessions: RoomHistory['sessions'], last = 100): RoomHistory => ({
  room: { id: 'room', name: 'Room', created_at: 0 }, marks: [], sessions,
  documents: [{ name: 'whiteboard', head: 9, first_at: MINUTE, last_at: last * MINUTE }],
  people: [{ sub: 'ann', name: 'Ann', color: '#000000', joined_at: 0 }, { sub: 'bob', name: 'Bob', color: '#000000', joined_at: 0 }],
});

describe('[RE7] an absence', () => {
  it('lasts from the newest end to the newest beginning, and is no reload', () => {
    expect(awaySince([stay('ann', 0, 10), stay('ann', 5, 20), stay('bob', 30, null), stay('ann', 60, null)], 'ann')).toBe(20 * MINUTE);
    expect(awaySince([stay('ann', 0, 58), stay('ann', 60, null)], 'ann')).toBe(null);
    expect(awaySince([stay('ann', 60, null)], 'ann')).toBe(null);
    expect(awaySince([], 'ann')).toBe(null);
  });

  it('is none while another page of the same person is open', () => {
    expect(awaySince([stay('ann', 0, null), stay('ann', 60, null)], 'ann')).toBe(null);
  });

  it('missed what others did, and nothing that oneself did', async () => {
    const said = (author: string, minute: number): ChatMessage => ({
      id: `${author}${minute}`, author, name: author, text: 'x', sentAt: (minute * MINUTE) / 1000, replyTo: null, editedAt: null,
      deleted: false, reactions: [], attachments: [], struct: { client: 1, clock: 1 },
    });
    const asked: unknown[] = [];
    const api = {
      overview: async () => overview([stay('ann', 0, 20), stay('ann', 90, null)]),
      timeline: async (_: string, span?: object): Promise<Timeline> => {
        asked.push(span);
        return { head: 9, first_at: 0, last_at: 0, since: 0, until: 0, step: 1, activity: [{ user: 'bob', step: 0, rows: 3 }, { user: 'ann', step: 0, rows: 1 }] };
      },
    };
    const messages = [said('bob', 10), said('bob', 30), said('ann', 40)];
    expect(await missedBy(api, 'ann', messages)).toEqual({ since: 20 * MINUTE, people: ['Bob'], messages: 1 });
    expect(asked).toEqual([{ since: 20 * MINUTE, until: 100 * MINUTE + 1, step: 80 * MINUTE + 1 }]);
  });
});

describe('[RE8] the times people were together', () => {
  it('are told apart by an hour without anybody, as far as something was done', () => {
    const sessions = [stay('ann', 0, 10), stay('bob', 5, 30), stay('ann', 200, 230), stay('bob', 300, null)];
    const found = meetingsOf(overview(sessions, 320));
    expect(found.map(({ begin, end }) => [begin / MINUTE, end / MINUTE])).toEqual([[1 - 1 / 60, 30], [200, 230], [300, 320]]);
  });
});

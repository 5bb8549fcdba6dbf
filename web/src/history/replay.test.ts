import type * as Y from 'yjs';
import { describe, expect, it, vi } from 'vitest';
import type { HistoryApi, RoomHistory, Timeline } from './historyApi';
import { Replay } from './replay';
import { TestSource, rowsOf, stateAfter } from './testHistory';

const AT = 1_790_000_000_000_000;
const SECOND = 1_000_000;
const rows = rowsOf(Array.from({ length: 50 }, (_, i) => ({
  at: AT + i * SECOND, user: 'ann', edit: (doc: Y.Doc) => doc.getMap('elements').set('one', i),
})));

/** A room whose answers come when they are let go. */
class SlowRoom extends TestSource {
  readonly held: (() => void)[] = [];
  isSlow = false;

  overview = (): Promise<RoomHistory> => Promise.resolve({
    room: { id: 'room', name: 'Room', created_at: AT }, people: [], sessions: [], marks: [],
    documents: [{ name: 'whiteboard', head: rows.length, first_at: AT, last_at: AT + 49 * SECOND }],
  });

  authors = (): Promise<ReadonlyMap<number, string>> => Promise.resolve(new Map());

  timeline = (): Promise<Timeline> =>
    Promise.resolve({ head: rows.length, first_at: AT, last_at: AT, since: AT, until: AT + 1, step: 1, activity: [] });

  override async rows(...of: Parameters<TestSource['rows']>): Promise<number> {
    if (this.isSlow) await new Promise<void>((go) => this.held.push(go));
    return super.rows(...of);
  }
}

describe('[RE2] somebody who drags along the track', () => {
  it('sees what he passes as it comes, and where he stopped at last', async () => {
    const room = new SlowRoom(rows);
    const replay = await Replay.open(room as unknown as HistoryApi);
    const shown: number[] = [];
    replay.board.moment.subscribe(() => shown.push(replay.board.seq));
    room.isSlow = true;
    for (const second of [40, 35, 30]) void replay.scrub(AT + second * SECOND);
    expect(replay.position.get()).toBe(AT + 30 * SECOND);
    room.held.shift()!();
    await vi.waitFor(() => expect(room.held.length).toBe(1));
    void replay.scrub(AT + 20 * SECOND);
    void replay.scrub(AT + 10 * SECOND);
    room.held.shift()!();
    await vi.waitFor(() => expect(room.held.length).toBe(1));
    room.held.shift()!();
    await vi.waitFor(() => expect(replay.waiting.get()).toBe(false));
    expect(shown).toEqual([41, 31, 11]);
    expect(replay.position.get()).toBe(AT + 10 * SECOND);
    expect(replay.board.doc.getMap('elements').toJSON()).toEqual(stateAfter(rows, 11).getMap('elements').toJSON());
  });

  it('is overruled by a jump', async () => {
    const room = new SlowRoom(rows);
    const replay = await Replay.open(room as unknown as HistoryApi);
    room.isSlow = true;
    void replay.scrub(AT + 40 * SECOND);
    void replay.scrub(AT + 30 * SECOND);
    const jump = replay.seek(AT + 5 * SECOND);
    for (const go of room.held.splice(0)) go();
    await jump;
    expect([replay.board.seq, replay.position.get(), room.held.length]).toEqual([6, AT + 5 * SECOND, 0]);
  });
});

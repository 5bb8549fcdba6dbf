import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import type { RoomSession } from '../sync/types';
import { elementsOf } from '../whiteboard/schema';
import { Owners } from './attribution';

const ME = 1;

function room(): { session: RoomSession; doc: Y.Doc; as: (client: number, act: (doc: Y.Doc) => void) => void } {
  const doc = new Y.Doc();
  doc.clientID = ME;
  const awareness = new Awareness(doc);
  awareness.destroy();
  const session = { whiteboard: { doc, awareness }, me: { get: () => ({ sub: 'me' }) }, room: { get: () => ({ id: 'room' }) } } as unknown as RoomSession;
  const as = (client: number, act: (doc: Y.Doc) => void): void => {
    const other = new Y.Doc();
    other.clientID = client;
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    act(other);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  };
  return { session, doc, as };
}

describe('[RE13] who made an element', () => {
  it('is told with everybody whose values it has now, as the server knows the client ids', async () => {
    const { session, doc, as } = room();
    as(7, (other) => elementsOf(other).set('a', new Y.Map<unknown>([['x', 1], ['y', 1]])));
    as(8, (other) => elementsOf(other).get('a')!.set('y', 2));
    elementsOf(doc).get('a')!.set('x', 5);
    const owners = new Owners(session, { authors: async () => new Map([[7, 'ann'], [8, 'bob']]) });

    expect(owners.of('a')).toEqual({ attribution: { maker: null, others: ['me'] }, isComplete: false });
    expect(await owners.learn(0)).toBe(true);
    expect(owners.of('a')).toEqual({ attribution: { maker: 'ann', others: ['bob', 'me'] }, isComplete: true });
    expect(owners.of('nothing')).toBe(null);
  });

  it('is asked for now and then only, and not known offline', async () => {
    const { session } = room();
    let asked = 0;
    const owners = new Owners(session, {
      authors: async () => {
        asked += 1;
        throw new Error('offline');
      },
    });
    expect([await owners.learn(0), await owners.learn(100), await owners.learn(10_000)]).toEqual([false, false, false]);
    expect(asked).toBe(2);
  });

  it('knows whoever is here without asking', () => {
    const { session, as } = room();
    session.whiteboard.awareness.states.set(9, { user: { id: 'cy' } });
    as(9, (other) => elementsOf(other).set('b', new Y.Map<unknown>([['x', 1]])));
    expect(new Owners(session, { authors: async () => new Map() }).of('b')).toEqual({ attribution: { maker: 'cy', others: [] }, isComplete: true });
  });
});

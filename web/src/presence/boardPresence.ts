/** What the whiteboard's awareness tells of people: who is on the board, and who has turned away from it. */
import type { Awareness } from 'y-protocols/awareness';
import type { Me, Person, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { readPresence } from '../whiteboard/presence';
import { listenToPage } from '../sync/pageEvents';
import { presumedPerson } from './signalMessages';

/** `here` when at least one page is being looked at; somebody who is not in the map is not on the board. */
export type Attention = 'here' | 'away';

/** Key of the awareness state: 1 while the page is hidden. */
const AWAY = 'away';

/** By user. `get` returns the same map until somebody's attention changes; listens only while somebody listens to it. */
export function attentionOf(awareness: Awareness): Store<ReadonlyMap<string, Attention>> {
  const store = createStore(readAttention(awareness));
  const update = (): void => {
    const next = readAttention(awareness);
    if (!sameMap(next, store.get())) store.set(next);
  };
  let listeners = 0;
  return {
    get: () => store.get(),
    subscribe(listener) {
      const unsubscribe = store.subscribe(listener);
      if (listeners++ === 0) {
        awareness.on('change', update);
        update();
      }
      return () => {
        unsubscribe();
        if (--listeners === 0) awareness.off('change', update);
      };
    },
  };
}

function readAttention(awareness: Awareness): ReadonlyMap<string, Attention> {
  const attention = new Map<string, Attention>();
  for (const state of awareness.getStates().values()) {
    const presence = readPresence(state);
    if (!presence) continue;
    const away = state[AWAY] === 1 && attention.get(presence.user.id) !== 'here';
    attention.set(presence.user.id, away ? 'away' : 'here');
  }
  return attention;
}

function sameMap<K, V>(one: ReadonlyMap<K, V>, other: ReadonlyMap<K, V>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

/** Tell the others while this page is hidden. Ends when the result is called. */
export function announceAttention(awareness: Awareness): () => void {
  let away = typeof document !== 'undefined' && document.visibilityState === 'hidden';
  // Also when the state comes back after the provider had cleared it.
  const say = (): void => {
    const state = awareness.getLocalState();
    if (!state || (state[AWAY] === 1) === away) return;
    const { [AWAY]: _former, ...rest } = state;
    awareness.setLocalState(away ? { ...rest, [AWAY]: 1 } : rest);
  };
  const turn = (next: boolean): void => {
    away = next;
    say();
  };
  say();
  awareness.on('change', say);
  const stop = listenToPage({ shown: () => turn(false), hidden: () => turn(true), online() {}, offline() {} });
  return () => {
    stop();
    awareness.off('change', say);
  };
}

/** Everybody whom the awareness shows, oneself first, for when the server's roster is not to be had. */
export function peopleOnBoard(awareness: Awareness, me: Me): readonly Person[] {
  const people: Person[] = [presumedPerson({ ...me, since: 0 })];
  for (const [client, state] of awareness.getStates()) {
    const presence = client === awareness.clientID ? null : readPresence(state);
    if (!presence) continue;
    const { id: sub, name, color } = presence.user;
    const role = sub === me.sub ? me.role : 'member';
    people.push(presumedPerson({ session: `client-${client}`, sub, name, color, role, since: 0 }));
  }
  return people;
}

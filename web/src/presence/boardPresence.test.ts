import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { announceAttention, attentionOf } from './boardPresence';

const ann = { id: 'ann', name: 'Ann', color: '#1c7ed6' };
let awareness: Awareness;

beforeEach(() => {
  awareness = new Awareness(new Y.Doc());
});

afterEach(() => {
  awareness.destroy();
  vi.unstubAllGlobals();
});

function others(...states: [number, object][]): void {
  for (const [client, state] of states) awareness.states.set(client, state);
  awareness.emit('change', [{ added: [], updated: states.map(([client]) => client), removed: [] }, 'test']);
}

describe('attention', () => {
  it('is here while one page at least is looked at', () => {
    const attention = attentionOf(awareness);
    attention.subscribe(() => {});
    others([1, { user: ann, away: 1 }]);
    expect(attention.get().get('ann')).toBe('away');
    others([2, { user: ann }], [3, { user: ann, away: 1 }]);
    expect([...attention.get()]).toEqual([['ann', 'here']]);
  });

  it('does not change with each move of a pointer', () => {
    const attention = attentionOf(awareness);
    const listener = vi.fn();
    attention.subscribe(listener);
    others([1, { user: ann, p: [0, 0] }]);
    const before = attention.get();
    others([1, { user: ann, p: [5, 5] }]);
    expect(attention.get()).toBe(before);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('is up to date when somebody begins to listen again', () => {
    const attention = attentionOf(awareness);
    attention.subscribe(() => {})();
    others([1, { user: ann }]);
    attention.subscribe(() => {});
    expect(attention.get().get('ann')).toBe('here');
  });
});

describe('our own page', () => {
  it('says when it is hidden and when it is seen again, and keeps to it when its state was cleared', () => {
    const page = new EventTarget() as EventTarget & { visibilityState: string };
    page.visibilityState = 'visible';
    vi.stubGlobal('document', page);
    vi.stubGlobal('window', new EventTarget());
    const turn = (state: string): void => {
      page.visibilityState = state;
      page.dispatchEvent(new Event('visibilitychange'));
    };
    awareness.setLocalState({ user: ann });
    const stop = announceAttention(awareness);

    turn('hidden');
    expect(awareness.getLocalState()).toEqual({ user: ann, away: 1 });
    awareness.setLocalState(null);
    awareness.setLocalState({ user: ann });
    expect(awareness.getLocalState()).toEqual({ user: ann, away: 1 });
    turn('visible');
    expect(awareness.getLocalState()).toEqual({ user: ann });
    stop();
    turn('hidden');
    expect(awareness.getLocalState()).toEqual({ user: ann });
  });
});

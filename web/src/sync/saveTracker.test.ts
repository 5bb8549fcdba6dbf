import { describe, expect, it } from 'vitest';
import { SaveTracker, worstStatus } from './saveTracker';

function tracker({ inherited = 0, canWrite = true } = {}): SaveTracker {
  const made = new SaveTracker({ inherited, canWrite: () => canWrite });
  made.setStored(true);
  return made;
}

/** What a provider sends on a new socket: its state vector, then its answer to the server's. */
function greet(made: SaveTracker): void {
  made.opened();
  made.sent('request');
  made.sent('state');
}

describe('the status of a document', () => {
  it('is opening until the server has confirmed the first exchange', () => {
    const made = tracker();
    greet(made);
    expect(made.status.get()).toEqual({ kind: 'opening' });
    made.acknowledged(1);
    expect(made.status.get()).toEqual({ kind: 'opening' });
    made.acknowledged(2);
    expect(made.status.get()).toEqual({ kind: 'saved' });
  });

  it('is saved only when the frame of the last change is confirmed', () => {
    const made = tracker();
    greet(made);
    made.acknowledged(2);
    made.changedLocally();
    made.sent('update');
    made.changedLocally();
    made.sent('update');
    expect(made.status.get()).toEqual({ kind: 'saving', changes: 2 });
    made.acknowledged(3);
    expect(made.status.get()).toEqual({ kind: 'saving', changes: 1 });
    made.acknowledged(4);
    expect(made.status.get()).toEqual({ kind: 'saved' });
  });

  it('counts what is made offline, and what was made before', () => {
    const made = tracker({ inherited: 3 });
    made.closed();
    made.changedLocally();
    expect(made.status.get()).toEqual({ kind: 'offline', changes: 4, stored: true });
  });

  it('does not take an acknowledgement of the former socket for one of this', () => {
    const made = tracker();
    greet(made);
    made.changedLocally();
    made.sent('update');
    made.closed();
    greet(made);
    made.acknowledged(1);
    expect(made.unsaved).toBe(1);
    made.acknowledged(2);
    expect(made.status.get()).toEqual({ kind: 'saved' });
  });

  it('holds updates back until the state is sent, which contains them', () => {
    const made = tracker();
    made.opened();
    made.sent('request');
    made.changedLocally();
    expect(made.maySend('update')).toBe(false);
    made.sent('state');
    expect(made.maySend('update')).toBe(true);
    made.acknowledged(2);
    expect(made.unsaved).toBe(0);
  });

  it('keeps saying offline while a reconnect has not been confirmed', () => {
    const made = tracker();
    made.closed();
    greet(made);
    expect(made.status.get().kind).toBe('offline');
    made.acknowledged(2);
    expect(made.status.get()).toEqual({ kind: 'saved' });
  });

  it('is view only for those who may not write', () => {
    const made = tracker({ canWrite: false });
    greet(made);
    made.acknowledged(2);
    expect(made.status.get()).toEqual({ kind: 'viewOnly' });
  });

  it('claims that work is on this device only while that is true', () => {
    const made = tracker();
    made.closed();
    made.changedLocally();
    made.setStored(false);
    expect(made.status.get()).toEqual({ kind: 'offline', changes: 1, stored: false });
  });

  it('stays refused whatever the socket does', () => {
    const made = tracker();
    greet(made);
    made.changedLocally();
    made.refuse('update_too_large', 'Too large.');
    made.closed();
    expect(made.status.get()).toEqual({ kind: 'refused', code: 'update_too_large', reason: 'Too large.', changes: 1 });
  });
});

describe('the status of two documents', () => {
  it('is the worse of the two', () => {
    expect(worstStatus({ kind: 'saved' }, { kind: 'saving', changes: 2 })).toEqual({ kind: 'saving', changes: 2 });
    expect(worstStatus({ kind: 'stopped', code: 'banned' }, { kind: 'saved' })).toEqual({ kind: 'stopped', code: 'banned' });
  });

  it('sums what waits in both', () => {
    const offline = (changes: number, stored: boolean) => ({ kind: 'offline', changes, stored }) as const;
    expect(worstStatus(offline(2, true), offline(1, false))).toEqual(offline(3, false));
    expect(worstStatus({ kind: 'saving', changes: 1 }, offline(2, true))).toEqual(offline(3, true));
  });
});

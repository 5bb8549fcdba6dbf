/**
 * Tells from what was sent and what was acknowledged whether everything made here is on the server.
 *
 * The server counts the sync frames (type 0) of a socket and says `saved through n` when the first n are committed. A
 * state vector could not say that: it knows nothing of deletions. So the tracker notes after how many sync frames each
 * local change had been sent. No socket, no clock, no storage in here: events in, a SaveStatus out.
 */
import type { SaveStatus, Store } from './types';
import { createStore } from './valueStore';

/** `request`: SyncStep1. `state`: SyncStep2, which holds all that the server lacks. `update`: one local change. */
export type SyncFrame = 'request' | 'state' | 'update';

interface Sent {
  /** The number of the frame on its socket, from 1. */
  readonly frame: number;
  /** How many local changes had been made when it was sent: all of them are in it or in the frames before. */
  readonly changes: number;
}

type Link = 'opening' | 'offline' | 'connected';

export class SaveTracker {
  /** Local changes in the order they were made; those a former page left unsaved come first. */
  private made: number;
  private saved = 0;
  private link: Link = 'opening';
  private frames = 0;
  private stateSent = false;
  private upToDate = false;
  private waiting: Sent[] = [];
  private stored = false;
  private ended: SaveStatus | undefined;
  private readonly current = createStore<SaveStatus>({ kind: 'opening' });

  constructor(private readonly options: { inherited: number; canWrite: () => boolean }) {
    this.made = options.inherited;
  }

  get status(): Store<SaveStatus> {
    return this.current;
  }

  /** How many local changes the server has not acknowledged. */
  get unsaved(): number {
    return this.made - this.saved;
  }

  /** Everything in the local copy, also what earlier pages left there, is committed on the server. */
  get isUpToDate(): boolean {
    return this.link === 'connected' && this.upToDate && this.unsaved === 0;
  }

  /** Work of former pages was found in the local copy. */
  inherit(changes: number): void {
    this.made += changes;
    this.show();
  }

  changedLocally(): void {
    this.made += 1;
    this.show();
  }

  opened(): void {
    this.resetSocket();
    this.link = 'connected';
    this.show();
  }

  /**
   * May this frame be sent now? An update must wait for the state: before it, the server may lack what it builds on.
   * The state is encoded when it is sent, so it holds the update too.
   */
  maySend(frame: SyncFrame): boolean {
    return frame !== 'update' || this.stateSent;
  }

  sent(frame: SyncFrame): void {
    this.frames += 1;
    if (frame === 'request') return;
    this.stateSent = true;
    this.waiting.push({ frame: this.frames, changes: this.made });
  }

  acknowledged(through: number): void {
    while (this.waiting[0] && this.waiting[0].frame <= through) {
      this.saved = Math.max(this.saved, this.waiting.shift()!.changes);
      this.upToDate = true;
    }
    this.show();
  }

  closed(): void {
    this.resetSocket();
    this.link = 'offline';
    this.show();
  }

  /** Whether the device's database really keeps the local copy. */
  setStored(stored: boolean): void {
    this.stored = stored;
    this.show();
  }

  /** The connection will not come back by itself. */
  stop(code: string, reason = ''): void {
    this.ended = { kind: 'stopped', code, ...(reason && { reason }) };
    this.show();
  }

  refuse(code: string, reason: string): void {
    this.ended = { kind: 'refused', code, reason, changes: this.unsaved };
    this.show();
  }

  /** It is being tried again after a stop. */
  resume(): void {
    this.ended = undefined;
    this.show();
  }

  /** The role has changed. */
  show(): void {
    const next = this.derive();
    if (!sameStatus(next, this.current.get())) this.current.set(next);
  }

  private resetSocket(): void {
    this.frames = 0;
    this.stateSent = false;
    this.upToDate = false;
    this.waiting = [];
  }

  private derive(): SaveStatus {
    if (this.ended) return this.ended;
    const changes = this.unsaved;
    if (this.link === 'offline') return { kind: 'offline', changes, stored: this.stored };
    if (this.link === 'opening') return { kind: 'opening' };
    if (this.upToDate && changes === 0) return this.options.canWrite() ? { kind: 'saved' } : { kind: 'viewOnly' };
    if (changes > 0) return { kind: 'saving', changes };
    return this.whileGreeting();
  }

  /** Connected, nothing to send as far as is known, and the first acknowledgement is still to come. */
  private whileGreeting(): SaveStatus {
    const before = this.current.get();
    return before.kind === 'offline' ? { kind: 'offline', changes: 0, stored: this.stored } : { kind: 'opening' };
  }
}

export function sameStatus(a: SaveStatus, b: SaveStatus): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const SEVERITY: Readonly<Record<SaveStatus['kind'], number>> = {
  saved: 0, viewOnly: 1, saving: 2, opening: 3, offline: 4, refused: 5, stopped: 6,
};

/** One status for several documents: the worst, with the changes of all that are in that state. */
export function worstStatus(first: SaveStatus, second: SaveStatus): SaveStatus {
  if (first.kind === 'offline' && second.kind === 'offline') {
    return { kind: 'offline', changes: first.changes + second.changes, stored: first.stored && second.stored };
  }
  if (first.kind === 'saving' && second.kind === 'saving') {
    return { kind: 'saving', changes: first.changes + second.changes };
  }
  const [worse, other] = SEVERITY[first.kind] >= SEVERITY[second.kind] ? [first, second] : [second, first];
  if (worse.kind === 'offline' && other.kind === 'saving') {
    return { ...worse, changes: worse.changes + other.changes };
  }
  return worse;
}

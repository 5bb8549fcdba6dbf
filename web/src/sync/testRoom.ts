/** For tests: pages of one person in one room, with a server in memory and a browser's storage. */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import * as Y from 'yjs';
import type { Knocking } from './knocking';
import type { RefusedCopy } from './localStore';
import { presumedPermissions } from './permissions';
import { LiveRoomSession } from './roomSession';
import { memoryStorage, TestServer } from './testServer';
import type { Role } from './types';

export const BOARD = '/sync/plans/whiteboard';

export class TestRoom {
  readonly server = new TestServer();
  readonly storage = memoryStorage();
  /** How often somebody joined. */
  joins = 0;
  /** What answers the joins; undefined: let in. */
  answer: (() => Response) | undefined;
  reachable = true;
  /** Of each token. */
  lasts = 3_600_000;
  private readonly sessions: LiveRoomSession[] = [];

  async open(): Promise<void> {
    const origin = await this.server.start();
    globalThis.indexedDB = new IDBFactory();
    vi.stubGlobal('location', new URL(origin));
    vi.stubGlobal('localStorage', this.storage);
    vi.stubGlobal('WebSocket', NodeWebSocket);
    vi.stubGlobal('fetch', () => this.join());
  }

  async close(): Promise<void> {
    await Promise.all(this.sessions.splice(0).map(leave));
    await this.server.stop();
    vi.unstubAllGlobals();
  }

  /** Several tabs: they hear of each other's storage, and hold each other's databases open. */
  withTabs(): void {
    vi.stubGlobal('window', new EventTarget());
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
    vi.stubGlobal('navigator', { locks: new MemoryLocks() });
  }

  async enter(onKnocking?: (knocking: Knocking) => void): Promise<LiveRoomSession> {
    const session = await LiveRoomSession.enter('plans', undefined, onKnocking);
    this.sessions.push(session);
    return session;
  }

  setRole(role: Role): void {
    this.server.setRights({ role, permissions: presumedPermissions(role) });
  }

  /** The connection is cut, and none comes about until `online`. */
  offline(): void {
    this.server.admit = () => [4503, 'room_draining'];
    this.reachable = false;
    this.server.cut();
  }

  online(): void {
    this.server.admit = () => undefined;
    this.reachable = true;
  }

  /** What is on the server's whiteboard. */
  get drawn(): string[] {
    return keysOf(this.server.doc(BOARD));
  }

  private async join(): Promise<Response> {
    this.joins += 1;
    if (!this.reachable) throw new TypeError('fetch failed');
    return this.answer?.() ?? this.letIn();
  }

  letIn(): Response {
    const { room, rights } = this.server;
    return Response.json({
      room, me: { sub: 'ann', name: 'Ann', ...rights }, token: `token-${this.joins}`, expires_at: (Date.now() + this.lasts) * 1000,
    });
  }
}

export function refusal(status: number, code: string, reason = 'No.'): () => Response {
  return () => Response.json({ error: { code, reason } }, { status });
}

export async function leave(session: LiveRoomSession): Promise<void> {
  const { whiteboard, chat } = session;
  session.close();
  await Promise.all([whiteboard.destroy(), chat.destroy()]);
}

export function draw(session: LiveRoomSession, key: string): void {
  session.whiteboard.doc.getMap('elements').set(key, true);
}

export const kindOf = (session: LiveRoomSession) => () => session.status.get().kind;

export const keysOf = (doc: Y.Doc): string[] => [...doc.getMap('elements').keys()].sort();

/** What is on the whiteboard of a copy. */
export function contentOf(copy: RefusedCopy): string[] {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, copy.update);
  return keysOf(doc);
}

/** As a server that refuses what holds this word, and nothing else. */
export function refuseTheWord(_path: string, update: Uint8Array): string | undefined {
  return new TextDecoder().decode(update).includes('refused') ? 'schema_violation' : undefined;
}

/** navigator.locks, as far as it is used here: shared ones are given at once, exclusive ones only if nobody holds any. */
class MemoryLocks {
  private readonly held = new Map<string, number>();

  async request(
    name: string, { mode, ifAvailable }: LockOptions, act: (lock: object | null) => Promise<unknown>,
  ): Promise<unknown> {
    const holders = this.held.get(name) ?? 0;
    if (mode === 'exclusive' && ifAvailable && holders > 0) return act(null);
    this.held.set(name, holders + 1);
    try {
      return await act({});
    } finally {
      this.held.set(name, this.held.get(name)! - 1);
    }
  }
}

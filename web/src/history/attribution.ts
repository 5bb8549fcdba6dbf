/** Who made an element of the live board, and who changed it since: the owners of the client ids that wrote it. */
import type { RoomSession } from '../sync/types';
import { elementsOf } from '../whiteboard/schema';
import { HistoryApi } from './historyApi';

export interface Attribution {
  /** `sub`; null: nobody knows (it came back after a restored backup). */
  readonly maker: string | null;
  /** Others whose values it has now. */
  readonly others: readonly string[];
}

/** Asks the server at most so often for ids that are not known. */
const ASK_AGAIN_MS = 3_000;

export class Owners {
  private known: ReadonlyMap<number, string> = new Map();
  private asked = -Infinity;
  private readonly api: Pick<HistoryApi, 'authors'>;

  constructor(private readonly session: RoomSession, api?: Pick<HistoryApi, 'authors'>) {
    this.api = api ?? new HistoryApi(session.room.get().id, () => session.token());
  }

  /** By what is known here; `learn` may tell more. */
  of(id: string): { attribution: Attribution; isComplete: boolean } | null {
    const map = elementsOf(this.session.whiteboard.doc).get(id);
    if (!map?._item) return null;
    const maker = this.ownerOf(map._item.id.client);
    const clients = new Set([...map._map.values()].filter((item) => !item.deleted).map((item) => item.id.client));
    const owners = [...clients].map((client) => this.ownerOf(client));
    const others = [...new Set(owners.filter((owner): owner is string => owner !== undefined && owner !== maker))];
    return { attribution: { maker: maker ?? null, others: others.sort() }, isComplete: maker !== undefined && !owners.includes(undefined) };
  }

  /** Ask the server, unless that was done just now. @returns Whether it was asked, and answered. */
  async learn(now = performance.now()): Promise<boolean> {
    if (now - this.asked < ASK_AGAIN_MS) return false;
    this.asked = now;
    try {
      this.known = await this.api.authors('whiteboard');
      return true;
    } catch {
      return false; // offline, say: what is known here is shown
    }
  }

  private ownerOf(client: number): string | undefined {
    const { doc, awareness } = this.session.whiteboard;
    if (client === doc.clientID) return this.session.me.get().sub;
    const present: unknown = awareness.getStates().get(client)?.['user']?.id;
    return this.known.get(client) ?? (typeof present === 'string' ? present : undefined);
  }
}

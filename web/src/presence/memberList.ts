/** Everybody who ever joined the room, as the server lists them: loaded while somebody looks, again when people change. */
import { type MemberChanges, changeMember, listMembers, type RoomMember } from '../api/moderation';
import type { Permission, RoomSession, Store } from '../sync/types';
import { createStore, type ValueStore } from '../sync/valueStore';
import { PERMISSIONS } from '../sync/permissions';
import { basePermissions } from './mayDo';

/** `members` undefined: not loaded yet; `failed`: the last attempt did not succeed, what is listed may be old. */
export interface Members {
  members: readonly RoomMember[] | undefined;
  failed: boolean;
}

const SETTLE_MS = 250;

export class MemberList implements Store<Members> {
  private readonly store: ValueStore<Members> = createStore<Members>({ members: undefined, failed: false });
  private watchers = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private endings: (() => void)[] = [];
  /** Rises with each request: an older answer does not replace a newer one. */
  private asked = 0;

  constructor(private readonly session: Pick<RoomSession, 'room' | 'roster' | 'token' | 'permissions'>) {}

  readonly get = (): Members => this.store.get();

  readonly subscribe = (listener: () => void): (() => void) => {
    const end = this.store.subscribe(listener);
    if (this.watchers++ === 0) this.watch();
    return () => {
      end();
      if (--this.watchers === 0) this.unwatch();
    };
  };

  async reload(): Promise<void> {
    clearTimeout(this.timer);
    const asked = ++this.asked;
    try {
      const { members } = await listMembers(this.session.room.get().id, await this.session.token());
      if (asked === this.asked) this.store.set({ members, failed: false });
    } catch {
      // The list is only shown: what it says is marked as old, and the next change of the roster tries again.
      if (asked === this.asked) this.store.set({ ...this.store.get(), failed: true });
    }
  }

  /**
   * Change somebody's role or rights; shown at once.
   *
   * @throws ApiError when the server did not take it; the list then shows again what is.
   */
  async change(sub: string, changes: MemberChanges): Promise<void> {
    const { members, failed } = this.store.get();
    const room = this.session.room.get();
    this.asked += 1;
    this.store.set({ members: members?.map((member) => (member.sub === sub ? changed(member, changes, room) : member)), failed });
    try {
      await changeMember(room.id, await this.session.token(), sub, changes);
    } finally {
      await this.reload();
    }
  }

  private watch(): void {
    const later = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.reload(), SETTLE_MS);
    };
    this.endings = [this.session.roster.subscribe(later), this.session.room.subscribe(later), this.session.permissions.subscribe(later)];
    void this.reload();
  }

  private unwatch(): void {
    clearTimeout(this.timer);
    for (const end of this.endings) end();
  }
}

/** What a member will be like once the server has taken the changes. */
export function changed(member: RoomMember, { role = member.role, overrides: given = {} }: MemberChanges, room: { permissions: readonly Permission[] }): RoomMember {
  const overrides: Partial<Record<Permission, boolean>> = { ...member.overrides };
  for (const [permission, value] of Object.entries(given) as [Permission, boolean | null][]) {
    if (value === null) delete overrides[permission];
    else overrides[permission] = value;
  }
  const base = basePermissions(role, room);
  const permissions = PERMISSIONS.filter((permission) => overrides[permission] ?? base.includes(permission));
  return { ...member, role, overrides, permissions };
}

/** What those who moderate can do with people: keeps the one dialog that is open, and does what it says. */
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { ban, handover, kick, unban } from '../api/moderation';
import type { Permission, Role, RoomSession } from '../sync/types';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { failureOf } from '../ui/failure';
import { say } from '../ui/noticeStore';
import { texts, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { MemberList } from './memberList';
import { PersonDialog } from './PersonDialog';

/** Whom something is done with. */
export interface Someone {
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
}

export type Act = 'rights' | 'kick' | 'ban' | 'handover';

export interface ModerationTools {
  readonly members: MemberList;
  readonly open: (act: Act, someone: Someone) => void;
  /** Lifts a ban. Says so, or why not. */
  readonly unban: (someone: Pick<Someone, 'sub' | 'name'>) => Promise<void>;
}

const Tools = createContext<ModerationTools | null>(null);

/** null for those who may not moderate. */
export function useModeration(): ModerationTools | null {
  return useContext(Tools);
}

export function Moderation({ session, children }: { session: RoomSession; children: ReactNode }) {
  const moderates = useStore(session.permissions).has('moderate');
  const [open, setOpen] = useState<{ act: Act; someone: Someone } | null>(null);
  const tools = useMemo(() => toolsOf(session, (act, someone) => setOpen({ act, someone })), [session]);
  return (
    <Tools value={moderates ? tools : null}>
      {children}
      {moderates && open && <ActDialog session={session} tools={tools} {...open} onClose={() => setOpen(null)} />}
    </Tools>
  );
}

function toolsOf(session: RoomSession, open: ModerationTools['open']): ModerationTools {
  return {
    members: new MemberList(session),
    open,
    async unban({ sub, name }) {
      try {
        await unban(session.room.get().id, await session.token(), sub);
        say(texts().moderation.unbanned(name));
      } catch (error) {
        say(texts().moderation[failureOf(error)]);
      }
      await this.members.reload();
    },
  };
}

interface ActProps {
  session: RoomSession;
  tools: ModerationTools;
  someone: Someone;
  onClose: () => void;
}

function ActDialog({ act, ...props }: ActProps & { act: Act }) {
  switch (act) {
    case 'rights': return <PersonDialog {...props} />;
    case 'kick': return <KickDialog {...props} />;
    case 'ban': return <BanDialog {...props} />;
    case 'handover': return <HandoverDialog {...props} />;
  }
}

function KickDialog({ session, someone, onClose }: ActProps) {
  const t = useTexts().moderation;
  const { sub, name } = someone;
  const { access } = useStore(session.room);
  const remove = async (reason: string): Promise<void> => {
    await kick(session.room.get().id, await session.token(), sub, reason || undefined);
    say(t.kicked(name));
  };
  return (
    <ConfirmDialog title={t.kickTitle(name)} action={t.kickDo} reasonHint={t.reasonHint(name)} onConfirm={remove} onClose={onClose}>
      <p>{t.kickBody(name)}</p>
      <p className="muted">{t.wayBack[access](name)}</p>
    </ConfirmDialog>
  );
}

function BanDialog({ session, tools, someone, onClose }: ActProps) {
  const t = useTexts().moderation;
  const { sub, name } = someone;
  const { access } = useStore(session.room);
  const shutOut = async (reason: string): Promise<void> => {
    await ban(session.room.get().id, await session.token(), sub, reason || undefined);
    say(t.banned(name), { words: t.undo, act: () => void tools.unban(someone) });
  };
  return (
    <ConfirmDialog title={t.banTitle(name)} action={t.banDo} reasonHint={t.reasonHint(name)} onConfirm={shutOut} onClose={onClose}>
      <p>{t.banBody(name)}</p>
      {access === 'link' && <p>{t.banLimit(name)}</p>}
      <p className="muted">{t.banUndo(name)}</p>
    </ConfirmDialog>
  );
}

function HandoverDialog({ session, someone, onClose }: ActProps) {
  const t = useTexts().moderation;
  const { sub, name } = someone;
  const isOwner = useStore(session.me).role === 'owner';
  const give = async (): Promise<void> => {
    await handover(session.room.get().id, await session.token(), sub);
    say(t.handedOver(name));
  };
  return (
    <ConfirmDialog title={t.handoverTitle(name)} action={t.handoverDo} onConfirm={give} onClose={onClose}>
      <p>{isOwner ? t.handoverOwner(name) : t.handoverModerator(name)}</p>
    </ConfirmDialog>
  );
}

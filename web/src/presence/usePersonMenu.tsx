/** The entries of the menu that those who moderate have for each person. */
import { ArrowRightLeft, Ban, Eye, EyeOff, MicOff, MonitorOff, ShieldCheck, UserMinus, VideoOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { MediaKind, RoomSession } from '../sync/types';
import type { MenuItem } from '../ui/Menu';
import { say } from '../ui/noticeStore';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { mayActOn, mayHandOver } from './mayDo';
import type { Member } from './members';
import { type Act, useModeration } from './Moderation';

const MUTES: readonly [MediaKind, 'muteMic' | 'muteCamera' | 'muteScreen', ReactNode][] = [
  ['mic', 'muteMic', <MicOff key="mic" size={16} aria-hidden />],
  ['camera', 'muteCamera', <VideoOff key="camera" size={16} aria-hidden />],
  ['screen', 'muteScreen', <MonitorOff key="screen" size={16} aria-hidden />],
];

export interface Following {
  isFollowed: boolean;
  canFollow: boolean;
  onFollow: (sub: string | null) => void;
}

/** @returns null for those who may not moderate. */
export function usePersonMenu(session: RoomSession, member: Member, following: Following): readonly MenuItem[] | null {
  const t = useTexts();
  const tools = useModeration();
  const { role: mine } = useStore(session.me);
  if (!tools) return null;
  const open = (act: Act) => (): void => tools.open(act, member);
  const locked = { yes: undefined, owner: t.moderation.cannotOwner, byOwner: t.moderation.cannotModerator }[mayActOn(mine, member)];
  const items: (MenuItem | false)[] = [
    { words: t.moderation.rights, icon: <ShieldCheck size={16} aria-hidden />, act: open('rights'), testId: 'menu-rights' },
    followItem(member, following, t.people),
    ...MUTES.map(([kind, words, icon]): MenuItem | false => member.media[kind] && {
      words: t.moderation[words], icon, act: () => askToMute(session, member, kind, t.moderation.asked(member.name)), testId: `menu-mute-${kind}`,
    }),
    mayHandOver(mine, member) && {
      words: t.moderation.handover, icon: <ArrowRightLeft size={16} aria-hidden />, act: open('handover'), testId: 'menu-handover',
    },
    { words: t.moderation.kick, icon: <UserMinus size={16} aria-hidden />, act: open('kick'), lockedBecause: locked, isDangerous: true, testId: 'menu-kick' },
    { words: t.moderation.ban, icon: <Ban size={16} aria-hidden />, act: open('ban'), lockedBecause: locked, isDangerous: true, testId: 'menu-ban' },
  ];
  return items.filter((item): item is MenuItem => item !== false);
}

function followItem({ name, sub }: Member, { isFollowed, canFollow, onFollow }: Following, t: ReturnType<typeof useTexts>['people']): MenuItem | false {
  if (isFollowed) return { words: t.unfollow(name), icon: <EyeOff size={16} aria-hidden />, act: () => onFollow(null) };
  return canFollow && { words: t.follow(name), icon: <Eye size={16} aria-hidden />, act: () => onFollow(sub) };
}

/** Every page of that person that has it on is asked. */
function askToMute(session: RoomSession, { sub }: Member, kind: MediaKind, asked: string): void {
  for (const person of session.roster.get()) {
    if (person.sub === sub && person.media[kind]) session.requestMute(person.session, kind);
  }
  say(asked);
}

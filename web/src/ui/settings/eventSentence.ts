/** An entry of the audit trail as a sentence. Details are read with care: a newer server may tell more, or otherwise. */
import type { EventEntry } from '../../api/moderation';
import { PERMISSIONS } from '../../sync/permissions';
import type { Door, Permission, Role, RoomAccessKind } from '../../sync/types';
import { listOf } from '../rightsWords';
import type { Language, Texts } from '../texts';
import type { NameOf } from './names';

type Details = EventEntry['details'];
type Write = (who: string, whom: string, details: Details, t: Texts, lang: Language) => string;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const WRITE: Readonly<Record<string, Write>> = {
  room_created: (who, _, __, t) => t.events.room_created(who),
  room_branched: (who, _, __, t) => t.events.room_branched(who),
  room_changed: (who, _, details, t, lang) => roomChanged(who, details, t, lang),
  room_deleted: (who, _, __, t) => t.events.room_deleted(who),
  member_joined: (who, _, { role }, t) => {
    const known = roleOf(role, t);
    return known ? t.events.memberJoinedAs(who, known) : t.events.member_joined(who);
  },
  role_changed: (who, whom, { after }, t) => t.events.role_changed(who, whom, roleOf(after, t) || textOf(after)),
  permissions_changed: (who, whom, { overrides }, t, lang) => permissionsChanged(who, whom, overrides, t, lang),
  kicked: (who, whom, _, t) => t.events.kicked(who, whom),
  banned: (who, whom, _, t) => t.events.banned(who, whom),
  unbanned: (who, whom, _, t) => t.events.unbanned(who, whom),
  handover: (who, whom, _, t) => t.events.handover(who, whom),
  knock_admitted: (who, whom, _, t) => t.events.knock_admitted(who, whom),
  knock_declined: (who, whom, _, t) => t.events.knock_declined(who, whom),
  invitation_created: (who, _, { role, label }, t) =>
    t.events.invitation_created(who, [roleOf(role, t), textOf(label)].filter(Boolean).join(', ')),
  invitation_revoked: (who, _, __, t) => t.events.invitation_revoked(who),
  muted: (who, whom, _, t) => t.events.muted(who, whom),
  recovery_changed: (who, _, __, t) => t.events.recovery_changed(who),
  work_returned: (who, _, __, t) => t.events.work_returned(who),
  upload: (who, _, { file_name: name }, t) => t.events.upload(who, textOf(name)),
  person_erased: (who, _, __, t) => t.events.person_erased(who),
  content_erased: (who, _, __, t) => t.events.content_erased(who),
  thinned: (_, __, ___, t) => t.events.thinned(),
  files_dropped: (_, __, ___, t) => t.events.files_dropped(),
  retention: (_, __, ___, t) => t.events.retention(),
  token_minted: (who, _, __, t) => t.events.token_minted(who),
  token_revoked: (who, _, __, t) => t.events.token_revoked(who),
};

export function eventSentence({ kind, user, details }: EventEntry, nameOf: NameOf, t: Texts, lang: Language): string {
  const who = nameOf(user) || t.events.someone;
  const whom = nameOf(textOf(details['user'] ?? details['sub']), textOf(details['name'])) || t.events.somebodyElse;
  const write = Object.hasOwn(WRITE, kind) ? WRITE[kind] : undefined;
  const sentence = write ? write(who, whom, details, t, lang) : t.events.other(kind);
  const reason = textOf(details['reason']);
  return reason ? `${sentence} ${t.events.because(reason)}` : sentence;
}

/** One change has a sentence of its own, several are counted up. */
function roomChanged(who: string, details: Details, t: Texts, lang: Language): string {
  const { name, access, door } = details;
  const only = Object.keys(details).length === 1;
  if (only && typeof name === 'string') return t.events.renamed(who, name);
  if (only && isKeyOf(t.settings.accesses, access)) return t.events.accessChanged(who, t.settings.accesses[access as RoomAccessKind].name);
  if (only && isKeyOf(t.events.doorChanged, door)) return t.events.doorChanged[door as Door](who);
  const parts: Readonly<Record<string, string>> = t.events.parts;
  const changed = Object.keys(details).filter((part) => Object.hasOwn(parts, part)).map((part) => parts[part]!);
  return changed.length > 0 ? t.events.partsChanged(who, listOf(changed, lang)) : t.events.room_changed(who);
}

function permissionsChanged(who: string, whom: string, overrides: unknown, t: Texts, lang: Language): string {
  if (typeof overrides !== 'object' || overrides === null) return t.events.permissions_changed(who, whom);
  const set = overrides as Partial<Record<Permission, unknown>>;
  const namesOf = (value: boolean): string =>
    listOf(PERMISSIONS.filter((permission) => set[permission] === value).map((permission) => t.rights.names[permission]), lang);
  const [allowed, denied] = [namesOf(true), namesOf(false)];
  const what = [allowed && t.events.allowed(allowed), denied && t.events.denied(denied)].filter(Boolean).join('; ');
  return what ? t.events.permissionsSet(who, whom, what) : t.events.permissionsReset(who, whom);
}

function roleOf(role: unknown, t: Texts): string {
  return isKeyOf(t.rights.roles, role) ? t.rights.roles[role as Role] : '';
}

function isKeyOf(words: object, key: unknown): boolean {
  return typeof key === 'string' && Object.hasOwn(words, key);
}

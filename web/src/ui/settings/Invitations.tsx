/** Invitation links: make one with a role, see how often each was used, revoke it. A link's key is shown once. */
import { Check, Copy, Plus } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { linksOf } from '../../api/links';
import { createInvitation, type Invitation, listInvitations, type NewInvitation, revokeInvitation } from '../../api/moderation';
import type { LiveRoomSession } from '../../sync/roomSession';
import { sha256Hex } from '../../whiteboard/sha256';
import { ConfirmDialog } from '../ConfirmDialog';
import { CopyField, copyText } from '../CopyField';
import { failureOf } from '../failure';
import { language, localeOf, useTexts } from '../texts';
import { useStore } from '../useStore';
import './settings.css';
import { useLoaded } from './useLoaded';

const MAX_LABEL_LENGTH = 80;
const ID_LENGTH = 16;

type InvitedRole = 'member' | 'moderator' | 'viewer';

export function Invitations({ session }: { session: LiveRoomSession }) {
  const t = useTexts();
  const load = async (): Promise<Invitation[]> => listInvitations(session.id, await session.token());
  const [invitations, reload] = useLoaded(load, session.id);
  const known = useKnownLinks(session.id);
  const [fresh, setFresh] = useState<NewInvitation | null>(null);
  const [revoking, setRevoking] = useState<Invitation | null>(null);
  const valid = invitations.value?.filter((one) => one.revoked_at === null).reverse() ?? [];
  const revoked = invitations.value?.filter((one) => one.revoked_at !== null).reverse() ?? [];
  const labelOf = ({ label }: Invitation): string => label || t.invitations.unnamed;
  return (
    <div className="invitations">
      <p className="muted small">{t.invitations.hint}</p>
      {fresh
        ? <Fresh invitation={fresh} onDone={() => setFresh(null)} />
        : <NewInvitationForm session={session} onMade={(made) => { setFresh(made); reload(); }} />}
      <h3>{t.invitations.list}</h3>
      {invitations.failed && <p className="problem small" role="alert">{t.moderation.loadFailed}</p>}
      {invitations.value && valid.length === 0 && <p className="muted">{t.invitations.none}</p>}
      <ul className="invitation-list">
        {valid.map((one) => (
          <InvitationRow key={one.id} invitation={one}>
            {known.has(one.id) && <CopyLink link={known.get(one.id)!} label={labelOf(one)} />}
            <button type="button" className="button small-button danger" aria-label={t.invitations.revokeThis(labelOf(one))} onClick={() => setRevoking(one)}>
              {t.invitations.revoke}
            </button>
          </InvitationRow>
        ))}
      </ul>
      {revoked.length > 0 && (
        <details className="revoked">
          <summary>{t.invitations.showRevoked(revoked.length)}</summary>
          <ul className="invitation-list">{revoked.map((one) => <InvitationRow key={one.id} invitation={one} />)}</ul>
        </details>
      )}
      {revoking && (
        <ConfirmDialog
          title={t.invitations.revokeTitle}
          action={t.invitations.revokeDo}
          onConfirm={async () => {
            await revokeInvitation(session.id, await session.token(), revoking.id);
            if (fresh?.invitation.id === revoking.id) setFresh(null);
            reload();
          }}
          onClose={() => setRevoking(null)}
        >
          <p>{t.invitations.revokeBody(labelOf(revoking))}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function InvitationRow({ invitation, children }: { invitation: Invitation; children?: ReactNode }) {
  const t = useTexts();
  const lang = localeOf(useStore(language));
  const dayOf = (at: number): string => new Intl.DateTimeFormat(lang, { dateStyle: 'medium' }).format(at / 1000);
  const { label, role, uses, created_at: created, revoked_at: revoked } = invitation;
  const facts = [
    t.rights.roles[role], t.invitations.uses(uses), revoked === null ? t.invitations.created(dayOf(created)) : t.invitations.revoked(dayOf(revoked)),
  ];
  return (
    <li data-testid="invitation">
      <div>
        <p className={label ? 'invitation-label' : 'invitation-label muted'}><bdi>{label || t.invitations.unnamed}</bdi></p>
        <p className="muted small">{facts.join(' · ')}</p>
      </div>
      {children}
    </li>
  );
}

function CopyLink({ link, label }: { link: string; label: string }) {
  const t = useTexts();
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="button small-button"
      aria-label={t.invitations.copyThis(label)}
      onClick={() => void copyText(link).then(setCopied)}
      onBlur={() => setCopied(false)}
    >
      {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      <span aria-live="polite">{copied ? t.shell.copied : t.invitations.copyLink}</span>
    </button>
  );
}

/** The links that came with the room, where it was made on this device, by the id of their invitation. */
function useKnownLinks(room: string): ReadonlyMap<string, string> {
  const [known, setKnown] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    let current = true;
    const { member, moderator, viewer } = linksOf(room) ?? {};
    const links = [member, moderator, viewer].filter((link) => link !== undefined).map((link) => new URL(link, location.origin));
    const pairs = links.map(async (link): Promise<[string, string]> => [await idOf(link), link.href]);
    void Promise.all(pairs).then((found) => current && setKnown(new Map(found)));
    return () => {
      current = false;
    };
  }, [room]);
  return known;
}

/** An invitation's id is the beginning of its key's hash. */
async function idOf(link: URL): Promise<string> {
  const key = new URLSearchParams(link.hash.slice(1)).get('k') ?? '';
  return (await sha256Hex(new TextEncoder().encode(key))).slice(0, ID_LENGTH);
}

function NewInvitationForm({ session, onMade }: { session: LiveRoomSession; onMade: (made: NewInvitation) => void }) {
  const t = useTexts();
  const { role: mine } = useStore(session.me);
  const [role, setRole] = useState<InvitedRole>('member');
  const [label, setLabel] = useState('');
  const [problem, setProblem] = useState('');
  const roles: readonly InvitedRole[] = mine === 'owner' ? ['member', 'viewer', 'moderator'] : ['member', 'viewer'];
  const make = async (): Promise<void> => {
    setProblem('');
    try {
      onMade(await createInvitation(session.id, await session.token(), role, label.trim() || undefined));
    } catch (error) {
      setProblem(failureOf(error) === 'failed' ? t.invitations.failed : t.moderation.refused);
    }
  };
  return (
    <form className="invitation-form" onSubmit={(event) => { event.preventDefault(); void make(); }}>
      <label className="field">
        <span>{t.invitations.role}</span>
        <select className="input" data-testid="invitation-role" value={role} onChange={(event) => setRole(event.target.value as InvitedRole)}>
          {roles.map((one) => <option key={one} value={one}>{t.invitations.roles[one]}</option>)}
        </select>
      </label>
      <label className="field">
        <span>{t.invitations.label}</span>
        <input
          className="input"
          value={label}
          maxLength={MAX_LABEL_LENGTH}
          placeholder={t.invitations.labelHint}
          data-testid="invitation-label"
          onChange={(event) => setLabel(event.target.value)}
        />
      </label>
      <button type="submit" className="button primary" data-testid="invitation-create">
        <Plus size={16} aria-hidden />
        {t.invitations.create}
      </button>
      {problem && <p className="problem small" role="alert">{problem}</p>}
    </form>
  );
}

function Fresh({ invitation, onDone }: { invitation: NewInvitation; onDone: () => void }) {
  const t = useTexts().invitations;
  return (
    <div className="invitation-fresh" role="status">
      <CopyField label={t.fresh} value={new URL(invitation.link, location.origin).href} testId="invitation-link" />
      <p className="small">{t.once}</p>
      <button type="button" className="button small-button" onClick={onDone}>{t.done}</button>
    </div>
  );
}

/** For those who may not invite: the button keeps its place and says why. */
export function NoInvitations() {
  const t = useTexts();
  return (
    <div className="invitation-none">
      <button type="button" className="button" disabled>
        <Plus size={16} aria-hidden />
        {t.invitations.create}
      </button>
      <p className="muted small">{t.invitations.onlyModerators}</p>
    </div>
  );
}

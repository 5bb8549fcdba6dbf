/** Tokens for programs and people: made here, shown once, taken back. */
import { useState } from 'react';
import { MEMBER_PERMISSIONS } from '../sync/permissions';
import type { Role } from '../sync/types';
import { CopyField } from '../ui/CopyField';
import { useTexts } from '../ui/texts';
import { ask, useAdmin, wordsOf } from './adminApi';
import { roomOptions } from './EventsView';
import { useFormats } from './format';
import { ROOMS_PATH } from './RoomsView';
import { Choice, Labelled, PermissionBoxes } from './RoomSettings';
import { type AdminRoom, type Permission, presetOf, ROLES } from './types';
import { usePolled } from './usePolled';

const ANY_ROOM = '*';
const USER_ID = /^[A-Za-z0-9._@:+=-]{1,128}$/;
const MAX_NAME = 80;

interface Made {
  token: string;
  jti: string;
  expires_at: number;
}

interface Wanted {
  room: string;
  sub: string;
  name: string;
  role: Role;
  /** null: as the role says. */
  permissions: readonly Permission[] | null;
  seconds: number;
}

export function TokensView() {
  return (
    <div className="tokens">
      <Mint />
      <Revoke />
    </div>
  );
}

function Mint() {
  const t = useTexts().admin.tokens;
  const [made, setMade] = useState<Made | null>(null);
  return (
    <section className="admin-card" aria-labelledby="mint">
      <h3 id="mint">{t.mintTitle}</h3>
      {made ? <MadeToken made={made} onAnother={() => setMade(null)} /> : <MintForm onMade={setMade} />}
    </section>
  );
}

export function MadeToken({ made, onAnother }: { made: Made; onAnother: () => void }) {
  const t = useTexts().admin.tokens;
  const formats = useFormats();
  return (
    <>
      <p className="admin-note" role="status">{t.once}</p>
      <CopyField label={t.made} value={made.token} testId="token" />
      <CopyField label={t.id} value={made.jti} testId="token-id" />
      <p className="muted">{t.goodUntil(formats.moment(made.expires_at))}</p>
      <div className="dialog-actions"><button type="button" className="button" onClick={onAnother}>{t.another}</button></div>
    </>
  );
}

function MintForm({ onMade }: { onMade: (made: Made) => void }) {
  const t = useTexts().admin;
  const { token } = useAdmin();
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH, 10_000);
  const [wanted, setWanted] = useState<Wanted>({ room: ANY_ROOM, sub: '', name: '', role: 'member', permissions: null, seconds: 3600 });
  const [problem, setProblem] = useState('');
  const open = rooms.value?.rooms.filter(({ deleted_at }) => deleted_at === null) ?? [];
  const mint = async (): Promise<void> => {
    const sub = wanted.sub.trim();
    if (!USER_ID.test(sub)) return setProblem(t.tokens.badPerson);
    const { permissions, ...rest } = wanted;
    try {
      const body = { ...rest, sub, name: wanted.name.trim() || sub, ...(permissions === null ? {} : { permissions }) };
      onMade(await ask<Made>(token, '/api/admin/tokens', { method: 'POST', body }));
    } catch (error) {
      setProblem(wordsOf(error, t));
    }
  };
  return (
    <form className="admin-card-form" data-testid="mint" onSubmit={(event) => { event.preventDefault(); void mint(); }}>
      <p className="muted">{t.tokens.mintHint}</p>
      <MintFields wanted={wanted} rooms={open} set={(change) => { setProblem(''); setWanted({ ...wanted, ...change }); }} />
      {problem && <p className="problem" role="alert">{problem}</p>}
      <div className="dialog-actions"><button type="submit" className="button primary">{t.tokens.mint}</button></div>
    </form>
  );
}

function MintFields({ wanted, rooms, set }: { wanted: Wanted; rooms: readonly AdminRoom[]; set: (change: Partial<Wanted>) => void }) {
  const t = useTexts().admin;
  const s = t.tokens;
  const names = new Map(rooms.map(({ room }) => [room.id, room.name]));
  const preset = presetOf(wanted.role, rooms.find(({ room }) => room.id === wanted.room)?.room.permissions ?? MEMBER_PERMISSIONS);
  return (
    <>
      <Labelled words={s.room}>
        <select className="input" data-testid="token-room" value={wanted.room} onChange={(event) => set({ room: event.target.value })}>
          <option value={ANY_ROOM}>{s.anyRoom}</option>
          {roomOptions(names, t.rooms.unnamed).map(([id, name]) => <option key={id} value={id}>{name}</option>)}
        </select>
      </Labelled>
      <Labelled words={s.person} hint={s.personHint}>
        <input className="input" data-testid="token-person" required autoComplete="off" spellCheck={false} value={wanted.sub} onChange={(event) => set({ sub: event.target.value })} />
      </Labelled>
      <Labelled words={s.name}>
        <input className="input" data-testid="token-name" maxLength={MAX_NAME} autoComplete="off" value={wanted.name} onChange={(event) => set({ name: event.target.value })} />
      </Labelled>
      <Labelled words={s.role}>
        <select className="input" data-testid="token-role" value={wanted.role} onChange={(event) => set({ role: event.target.value as Role })}>
          {ROLES.map((one) => <option key={one} value={one}>{t.roles[one]}</option>)}
        </select>
      </Labelled>
      <Labelled words={s.time}>
        <Choice value={String(wanted.seconds)} words={s.times} onChoice={(seconds) => set({ seconds: Number(seconds) })} testId="token-time" />
      </Labelled>
      <Labelled words={s.permissions}>
        <Choice
          value={wanted.permissions === null ? 'role' : 'chosen'}
          words={{ role: s.asRole, chosen: s.chosen }}
          onChoice={(choice) => set({ permissions: choice === 'role' ? null : preset })}
          testId="token-permissions"
        />
      </Labelled>
      {wanted.permissions !== null && <PermissionBoxes legend={s.chosen} value={wanted.permissions} onValue={(permissions) => set({ permissions })} />}
    </>
  );
}

function Revoke() {
  const t = useTexts().admin;
  const { token, say } = useAdmin();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const revoke = async (): Promise<void> => {
    const given = text.trim();
    if (!given) return;
    try {
      // Tokens have three parts with dots between them; ids have none.
      const body = given.includes('.') ? { token: given } : { jti: given };
      await ask(token, '/api/admin/tokens/revoke', { method: 'POST', body });
      setText('');
      setProblem('');
      say(t.tokens.revoked);
    } catch (error) {
      setProblem(wordsOf(error, t));
    }
  };
  return (
    <section className="admin-card" aria-labelledby="revoke">
      <h3 id="revoke">{t.tokens.revokeTitle}</h3>
      <form className="admin-card-form" data-testid="revoke" onSubmit={(event) => { event.preventDefault(); void revoke(); }}>
        <p className="muted">{t.tokens.revokeHint}</p>
        <Labelled words={t.tokens.either}>
          <input className="input" data-testid="revoke-token" autoComplete="off" spellCheck={false} value={text} onChange={(event) => { setText(event.target.value); setProblem(''); }} />
        </Labelled>
        {problem && <p className="problem" role="alert">{problem}</p>}
        <div className="dialog-actions"><button type="submit" className="button danger">{t.tokens.revoke}</button></div>
      </form>
    </section>
  );
}

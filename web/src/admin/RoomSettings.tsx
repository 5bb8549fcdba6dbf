/** What is set for a room: name, who enters, the door, what members may do; recovery; deleting it. */
import { type ReactNode, useState } from 'react';
import { useTexts } from '../ui/texts';
import { ask, pathOfRoom, useAdmin, wordsOf } from './adminApi';
import { Confirm } from './Confirm';
import { type AdminRoom, type Permission, PERMISSIONS, type RoomSettings } from './types';

type Editable = Omit<RoomSettings, 'recovery'>;

const EDITABLE = ['name', 'access', 'default_role', 'permissions', 'door', 'max_people'] as const satisfies readonly (keyof Editable)[];
/** To moderate is given to persons, not to all members of a room. */
const OF_MEMBERS = PERMISSIONS.filter((one) => one !== 'moderate');
const MAX_NAME = 80;
const MAX_PEOPLE = 100_000;

export function RoomSettingsForm({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  return (
    <div className="room-settings">
      <EditableSettings key={room.room.id} room={room} onChanged={onChanged} />
      <Recovery room={room} onChanged={onChanged} />
      <Deletion room={room} onChanged={onChanged} />
    </div>
  );
}

/** What differs between two states of the settings: the body of the request. */
export function changedSettings(before: Editable, after: Editable): Partial<Editable> {
  return Object.fromEntries(
    EDITABLE.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).map((name) => [name, after[name]]),
  );
}

/** What somebody has typed stays while the room goes on changing; untouched settings follow it. */
function EditableSettings({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  const t = useTexts().admin;
  const { token, say } = useAdmin();
  const [typed, setTyped] = useState<Partial<Editable>>({});
  const [state, setState] = useState({ busy: false, problem: '' });
  const now: Editable = { ...room.room, ...typed };
  const set = (change: Partial<Editable>): void => setTyped({ ...typed, ...change });
  const changes = changedSettings(room.room, { ...now, name: now.name.trim() });
  const isReady = Object.keys(changes).length > 0 && now.name.trim() !== '' && !state.busy;
  const save = async (): Promise<void> => {
    setState({ busy: true, problem: '' });
    try {
      await ask(token, pathOfRoom(room.room.id), { method: 'PATCH', body: changes });
      onChanged();
      setTyped({});
      say(t.room.settings.saved);
      setState({ busy: false, problem: '' });
    } catch (error) {
      setState({ busy: false, problem: wordsOf(error, t) });
    }
  };
  return (
    <form className="admin-card settings-form" data-testid="room-settings" onSubmit={(event) => { event.preventDefault(); if (isReady) void save(); }}>
      <Fields value={now} set={set} />
      {now.door === 'closed' && room.room.door !== 'closed' && <p className="admin-note warn">{t.room.settings.closeSure}</p>}
      {state.problem && <p className="problem" role="alert">{state.problem}</p>}
      <div className="dialog-actions">
        <button type="submit" className="button primary" aria-disabled={!isReady}>{t.room.settings.save}</button>
      </div>
    </form>
  );
}

function Fields({ value, set }: { value: Editable; set: (change: Partial<Editable>) => void }) {
  const t = useTexts().admin;
  const s = t.room.settings;
  return (
    <>
      <Labelled words={s.name}>
        <input className="input" required maxLength={MAX_NAME} value={value.name} onChange={(event) => set({ name: event.target.value })} />
      </Labelled>
      <Labelled words={s.access}>
        <Choice value={value.access} words={t.access} onChoice={(access) => set({ access })} testId="access" />
      </Labelled>
      <Labelled words={s.defaultRole}>
        <Choice value={value.default_role} words={s.roles} onChoice={(default_role) => set({ default_role })} testId="default-role" />
      </Labelled>
      <Labelled words={s.door}>
        <Choice value={value.door} words={t.door} onChoice={(door) => set({ door })} testId="door" />
      </Labelled>
      <Labelled words={s.maxPeople} hint={s.maxPeopleHint}>
        <input
          className="input"
          type="number"
          min={0}
          max={MAX_PEOPLE}
          value={value.max_people}
          onChange={(event) => set({ max_people: Math.min(MAX_PEOPLE, Math.max(0, Math.trunc(event.target.valueAsNumber || 0))) })}
        />
      </Labelled>
      <PermissionBoxes legend={s.permissions} of={OF_MEMBERS} value={value.permissions} onValue={(permissions) => set({ permissions })} />
    </>
  );
}

/** One box for each permission; the value keeps the permissions' own order. */
export function PermissionBoxes({ legend, of = PERMISSIONS, value, onValue }: {
  legend: string; of?: readonly Permission[]; value: readonly Permission[]; onValue: (value: readonly Permission[]) => void;
}) {
  const t = useTexts().admin.permissions;
  const toggle = (permission: Permission, on: boolean): void =>
    onValue(PERMISSIONS.filter((one) => (one === permission ? on : value.includes(one))));
  return (
    <fieldset className="permission-boxes">
      <legend className="legend">{legend}</legend>
      {of.map((permission) => (
        <label key={permission} className="box">
          <input type="checkbox" checked={value.includes(permission)} onChange={(event) => toggle(permission, event.target.checked)} />
          {t[permission]}
        </label>
      ))}
    </fieldset>
  );
}

function Recovery({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  const t = useTexts().admin;
  const s = t.room.settings;
  const { token, say } = useAdmin();
  const isOn = room.room.recovery;
  const turn = async (): Promise<void> => {
    await ask(token, pathOfRoom(room.room.id), { method: 'PATCH', body: { recovery: !isOn } });
    say(isOn ? s.recoveryOff : s.recoveryOn);
    onChanged();
  };
  return (
    <section className="admin-card" aria-labelledby="recovery">
      <h3 id="recovery">{s.recovery}</h3>
      <p className="muted">{s.recoveryHint}</p>
      <div className="admin-card-act">
        <strong>{isOn ? s.recoveryOn : s.recoveryOff}</strong>
        <button type="button" className="button" data-testid="recovery" onClick={() => void turn().catch((error: unknown) => say(wordsOf(error, t)))}>
          {isOn ? s.turnOff : s.turnOn}
        </button>
      </div>
    </section>
  );
}

function Deletion({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  const t = useTexts().admin;
  const s = t.room.settings;
  const { token, say } = useAdmin();
  const [asking, setAsking] = useState(false);
  const name = room.room.name || t.rooms.unnamed;
  const remove = async (): Promise<void> => {
    await ask(token, pathOfRoom(room.room.id), { method: 'DELETE' });
    say(s.deleted(name));
    onChanged();
  };
  return (
    <section className="admin-card" aria-labelledby="delete-room">
      <h3 id="delete-room">{s.delete}</h3>
      <div className="admin-card-act">
        <p className="muted">{s.deleteHint}</p>
        <button type="button" className="button danger" data-testid="delete-room" onClick={() => setAsking(true)}>{s.delete}</button>
      </div>
      {asking && (
        <Confirm
          title={s.deleteTitle(name)}
          body={s.deleteBody}
          act={s.deleteAct}
          danger
          typed={{ ask: s.deleteType, wanted: name }}
          onAct={remove}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

export function Labelled({ words, hint, children }: { words: string; hint?: string; children: ReactNode }) {
  return (
    <label className="field">
      <span>{words}</span>
      {children}
      {hint && <small className="muted small">{hint}</small>}
    </label>
  );
}

export function Choice<T extends string>({ value, words, onChoice, testId }: {
  value: T; words: Readonly<Record<T, string>>; onChoice: (value: T) => void; testId?: string;
}) {
  return (
    <select className="input" data-testid={testId} value={value} onChange={(event) => onChoice(event.target.value as T)}>
      {(Object.keys(words) as T[]).map((one) => <option key={one} value={one}>{words[one]}</option>)}
    </select>
  );
}

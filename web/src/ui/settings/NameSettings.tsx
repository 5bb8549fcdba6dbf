/** What the room is called and how many people it takes. */
import { useEffect, useState } from 'react';
import { tidyName } from '../../api/identity';
import { useTexts } from '../texts';
import type { RoomChange } from './useRoomChange';

const MAX_ROOM_NAME_LENGTH = 80;
const MOST_PEOPLE = 100_000;

export function NameSettings({ change, lockedBecause }: { change: RoomChange; lockedBecause: string | undefined }) {
  const t = useTexts().settings;
  const { room, save } = change;
  const isLocked = lockedBecause !== undefined;
  return (
    <>
      <SavedField
        label={t.name}
        hint={t.nameHint}
        value={room.name}
        maxLength={MAX_ROOM_NAME_LENGTH}
        isLocked={isLocked}
        testId="settings-name"
        read={(text) => ({ value: tidyName(text) || room.name })}
        onSave={(name) => name !== room.name && void save({ name })}
      />
      <SavedField
        label={t.mostPeople}
        hint={t.mostPeopleHint}
        value={room.max_people === 0 ? '' : String(room.max_people)}
        isNumber
        isLocked={isLocked}
        testId="settings-most"
        read={(text) => (isPeople(text) ? { value: text.trim() } : { problem: t.badNumber })}
        onSave={(text) => Number(text) !== room.max_people && void save({ max_people: Number(text) })}
      />
    </>
  );
}

const isPeople = (text: string): boolean => /^\d*$/.test(text.trim()) && Number(text) <= MOST_PEOPLE;

/** Saved on Enter and when the field is left; what others change meanwhile is shown unless one is writing. */
function SavedField({ label, hint, value, maxLength, isNumber = false, isLocked, testId, read, onSave }: {
  label: string;
  hint: string;
  value: string;
  maxLength?: number;
  isNumber?: boolean;
  isLocked: boolean;
  testId: string;
  read: (text: string) => { value: string } | { problem: string };
  onSave: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const [problem, setProblem] = useState('');
  useEffect(() => setText(value), [value]);
  const submit = (): void => {
    const answer = read(text);
    setProblem('problem' in answer ? answer.problem : '');
    if ('problem' in answer) return;
    setText(answer.value);
    onSave(answer.value);
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <label className="field">
        <span>{label}</span>
        <input
          className={isNumber ? 'input settings-number' : 'input'}
          inputMode={isNumber ? 'numeric' : undefined}
          value={text}
          maxLength={maxLength}
          disabled={isLocked}
          aria-invalid={problem !== ''}
          data-testid={testId}
          onChange={(event) => setText(event.target.value)}
          onBlur={submit}
        />
        {problem ? <span className="problem small" role="alert">{problem}</span> : <span className="muted small">{hint}</span>}
      </label>
    </form>
  );
}

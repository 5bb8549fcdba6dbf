/** Who may come in, and whether the door is open now. */
import { useState } from 'react';
import type { Door, RoomAccessKind } from '../../sync/types';
import { Choices } from '../Choices';
import { ConfirmDialog } from '../ConfirmDialog';
import { useTexts } from '../texts';
import type { RoomChange } from './useRoomChange';

const ACCESSES: readonly RoomAccessKind[] = ['link', 'invite', 'lobby'];
const DOORS: readonly Door[] = ['open', 'locked', 'closed'];

export function AccessSettings({ change, lockedBecause }: { change: RoomChange; lockedBecause: string | undefined }) {
  const t = useTexts().settings;
  const { room, save } = change;
  const [closing, setClosing] = useState(false);
  return (
    <>
      <Choices
        legend={t.access}
        choices={ACCESSES.map((value) => ({ value, ...t.accesses[value] }))}
        value={room.access}
        isLocked={lockedBecause !== undefined}
        onChoose={(access) => void save({ access })}
      />
      <Choices
        legend={t.door}
        choices={DOORS.map((value) => ({ value, ...t.doors[value] }))}
        value={room.door}
        isLocked={lockedBecause !== undefined}
        onChoose={(door) => {
          if (door === 'closed') setClosing(true);
          else void save({ door });
        }}
      />
      {closing && (
        <ConfirmDialog title={t.closeTitle} action={t.closeDo} onConfirm={() => save({ door: 'closed' })} onClose={() => setClosing(false)}>
          <p>{t.closeBody}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

/** What cannot be undone: deleting the room, and erasing what the server knows of a person. */
import { useState } from 'react';
import { erase } from '../../api/moderation';
import { useModeration } from '../../presence/Moderation';
import type { LiveRoomSession } from '../../sync/roomSession';
import { ConfirmDialog } from '../ConfirmDialog';
import { say } from '../noticeStore';
import { useTexts } from '../texts';
import { Toggle } from '../Toggle';
import { useStore } from '../useStore';
import { EMPTY_MEMBERS } from './names';

export function DangerSettings({ session, onClose }: { session: LiveRoomSession; onClose: () => void }) {
  const t = useTexts();
  const room = useStore(session.room);
  const { role } = useStore(session.me);
  const [asking, setAsking] = useState(false);
  const name = room.name || t.shell.untitled;
  const isOwner = role === 'owner';
  return (
    <>
      <section className="danger-part">
        <h3>{t.danger.deleteRoom}</h3>
        <p>{t.danger.deleteBody}</p>
        <button type="button" className="button danger" data-testid="delete-room" disabled={!isOwner} onClick={() => setAsking(true)}>
          {t.danger.deleteRoom}
        </button>
        {!isOwner && <p className="muted small">{t.danger.ownerDeletes}</p>}
      </section>
      <EraseData session={session} />
      {asking && (
        <ConfirmDialog
          title={t.danger.deleteTitle(name)}
          action={t.danger.deleteDo}
          typed={{ text: name, label: t.danger.typeName(name) }}
          onConfirm={async () => {
            await session.deleteRoom();
            onClose();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{t.danger.deleteBody}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function EraseData({ session }: { session: LiveRoomSession }) {
  const t = useTexts().danger;
  const me = useStore(session.me);
  const tools = useModeration();
  const { members = [] } = useStore(tools?.members ?? EMPTY_MEMBERS);
  const isOwner = me.role === 'owner';
  const people = isOwner ? members.filter(({ sub }) => sub !== me.sub) : [];
  const choices = [{ sub: me.sub, name: me.name }, ...people];
  const [chosen, setChosen] = useState(isOwner ? '' : me.sub);
  const [asking, setAsking] = useState(false);
  const [content, setContent] = useState(false);
  const person = choices.find(({ sub }) => sub === chosen);
  return (
    <section className="danger-part">
      <h3>{t.erase}</h3>
      <p>{t.eraseBody}</p>
      <div className="danger-choice">
        <label className="field">
          <span>{t.eraseWho}</span>
          <select className="input" data-testid="erase-who" value={chosen} onChange={(event) => setChosen(event.target.value)}>
            {isOwner && <option value="">{t.choose}</option>}
            {choices.map(({ sub, name }) => <option key={sub} value={sub}>{name}</option>)}
          </select>
        </label>
        <button type="button" className="button danger" data-testid="erase" disabled={!person} onClick={() => { setContent(false); setAsking(true); }}>{t.eraseDo}</button>
      </div>
      {!isOwner && <p className="muted small">{t.ownerErases}</p>}
      {asking && person && (
        <ConfirmDialog
          title={t.eraseTitle(person.name)}
          action={t.eraseConfirm}
          onConfirm={async () => {
            say(t.erased(await erase(session.id, await session.token(), person.sub, content)));
            await tools?.members.reload();
            setChosen('');
          }}
          onClose={() => setAsking(false)}
        >
          <p>{content ? t.eraseSureContent(person.name) : t.eraseSure(person.name)}</p>
          <Toggle label={t.eraseContent(person.name)} on={content} onChange={setContent} testId="erase-content" />
        </ConfirmDialog>
      )}
    </section>
  );
}

/** What was changed in the room, by whom: one sentence each, the newest first. */
import { useFormats } from '../../admin/format';
import { type EventEntry, listEvents } from '../../api/moderation';
import { useModeration } from '../../presence/Moderation';
import type { LiveRoomSession } from '../../sync/roomSession';
import { language, useTexts } from '../texts';
import { useStore } from '../useStore';
import { eventSentence } from './eventSentence';
import { EMPTY_MEMBERS, namesOf } from './names';
import { MoreButton, usePaged } from './usePaged';

export function AuditTrail({ session }: { session: LiveRoomSession }) {
  const t = useTexts();
  const pages = usePaged<EventEntry>(
    async (before) => {
      const { events, next } = await listEvents(session.id, await session.token(), before === undefined ? {} : { before });
      return { rows: events, next };
    },
    session,
  );
  return (
    <>
      {pages.isLoading && <p className="muted" role="status">{t.moderation.loading}</p>}
      {!pages.isLoading && !pages.failed && pages.rows.length === 0 && <p className="muted">{t.activity.none}</p>}
      <Sentences events={pages.rows} />
      <MoreButton pages={pages} />
    </>
  );
}

function Sentences({ events }: { events: readonly EventEntry[] }) {
  const t = useTexts();
  const lang = useStore(language);
  const formats = useFormats();
  const { members } = useStore(useModeration()?.members ?? EMPTY_MEMBERS);
  const nameOf = namesOf(members, t.events);
  return (
    <ol className="audit" data-testid="audit">
      {events.map((event) => (
        <li key={event.id} data-kind={event.kind}>
          <time dateTime={new Date(event.at / 1000).toISOString()}>{formats.moment(event.at)}</time>
          <span>{eventSentence(event, nameOf, t, lang)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What stands here without a token that the server takes: how to get one. */
import { KeyRound } from 'lucide-react';
import { useEffect } from 'react';
import '../ui/stoppedPage.css';
import { useTexts } from '../ui/texts';
import type { AdminAccess } from './access';

const COMMAND = 'thunderline admin-link';

export function Gate({ why }: { why: Exclude<AdminAccess['kind'], 'token'> }) {
  const t = useTexts().admin;
  const { title, body } = wordsOf(why, t);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="stopped" data-testid="admin-gate" data-why={why}>
      <div className="stopped-card admin-gate">
        <KeyRound size={28} aria-hidden />
        <h1>{title}</h1>
        <p>{body}</p>
        <pre className="admin-command"><code>{COMMAND}</code></pre>
        <p>{t.gate.next}</p>
      </div>
    </main>
  );
}

function wordsOf(why: Exclude<AdminAccess['kind'], 'token'>, t: ReturnType<typeof useTexts>['admin']): { title: string; body: string } {
  switch (why) {
    case 'expired': return { title: t.gate.expiredTitle, body: t.gate.expiredBody };
    case 'refused': return { title: t.gate.refusedTitle, body: t.gate.refusedBody };
    case 'left': return { title: t.signedOut.title, body: `${t.signedOut.body} ${t.gate.body}` };
    case 'none': return { title: t.gate.title, body: t.gate.body };
  }
}

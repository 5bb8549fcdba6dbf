/** Why the history cannot be shown, in words, and the way to try again. */
import { ApiError } from '../api/client';
import { useTexts } from '../ui/texts';
import { StreamCutOff } from './stream';

export function ReplayProblem({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  const { replay: t } = useTexts();
  return (
    <div className="replay-problem" role="alert" data-testid="replay-problem">
      <p>{wordsOf(error, t)}</p>
      <button type="button" className="button" onClick={onAgain}>{t.again}</button>
    </div>
  );
}

function wordsOf(error: unknown, t: { failed: string; cutOff: string; offline: string }): string {
  if (error instanceof StreamCutOff) return t.cutOff;
  if (error instanceof ApiError) return error.code === 'unreachable' ? t.offline : `${t.failed} ${error.reason}`;
  return t.failed;
}

/** The reactions below a message, and the picker that adds one. */
import { useEffect, useRef } from 'react';
import { useChat } from './chatContext';
import type { ChatMessage, Reaction } from './readMessage';

/** In rows of `COLUMNS`. */
export const EMOJIS = [
  '👍', '👎', '❤️', '😂', '😊', '😍', '🎉', '👏',
  '🙏', '🙌', '👀', '🤔', '😮', '😢', '😅', '😎',
  '✅', '❌', '❓', '💡', '🔥', '🚀', '⭐', '💯',
] as const;
const COLUMNS = 8;
const MOST_NAMES = 12;

/** @param reachable Whether the buttons are stops of the tab key: only those of one message at a time are. */
export function Reactions({ message, reachable }: { message: ChatMessage; reachable: boolean }) {
  const { t, me, mayWrite, actions, nameOf } = useChat();
  if (message.reactions.length === 0) return null;
  const label = ({ emoji, people }: Reaction): string => {
    const names = people.slice(0, MOST_NAMES).map((sub) => (sub === me ? t.you : nameOf(sub)));
    const more = people.length - names.length;
    return t.reacted(emoji, names.join(', '), more);
  };
  return (
    <ul className="chat-reactions" aria-label={t.reactions}>
      {message.reactions.map((reaction) => (
        <li key={reaction.emoji}>
          <button
            type="button"
            className="chat-reaction"
            data-testid="chat-reaction"
            aria-pressed={reaction.people.includes(me)}
            aria-label={label(reaction)}
            title={label(reaction)}
            disabled={!mayWrite}
            tabIndex={reachable ? 0 : -1}
            onClick={() => actions.react(message.id, reaction.emoji)}
          >
            <span aria-hidden>{reaction.emoji}</span>
            <span aria-hidden>{reaction.people.length}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A grid to be walked with the arrow keys; closes on Escape and when the focus leaves it. */
export function EmojiPicker({ onPick, onClose }: { onPick: (emoji: string) => void; onClose: () => void }) {
  const { t } = useChat();
  const grid = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const picker = grid.current;
    picker?.querySelector('button')?.focus({ preventScroll: true });
    picker?.scrollIntoView({ block: 'nearest' });
  }, []);
  const walk = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (event.key === 'Escape') onClose();
    else if (step === undefined) return;
    const buttons = [...(grid.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (step !== undefined) buttons[(at + step + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={grid}
      className="chat-picker"
      role="group"
      aria-label={t.pickEmoji}
      onKeyDown={walk}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) onClose();
      }}
    >
      {EMOJIS.map((emoji) => (
        <button key={emoji} type="button" aria-label={t.emojis[emoji]} title={t.emojis[emoji]} onClick={() => onPick(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  );
}

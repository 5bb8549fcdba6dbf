/** A message's words, with its links. */
import { Fragment, memo, useMemo } from 'react';
import { findLinks } from './links';

export const MessageText = memo(function MessageText({ text }: { text: string }) {
  const pieces = useMemo(() => findLinks(text), [text]);
  return (
    <div className="chat-text" dir="auto" data-large={isOnlyEmoji(text)}>
      {pieces.map((piece, i) => (piece.href === undefined
        ? <Fragment key={i}>{piece.text}</Fragment>
        : <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer">{piece.text}</a>))}
    </div>
  );
});

const EMOJI = String.raw`(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]*(?:\u200d\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]*)*)`;
const FEW_EMOJIS = new RegExp(`^(?:${EMOJI}\\s*){1,3}$`, 'u');

/** Up to three emojis and nothing else are shown larger. */
export const isOnlyEmoji = (text: string): boolean => text.length <= 40 && FEW_EMOJIS.test(text);

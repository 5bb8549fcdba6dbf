/** What every part of the chat panel needs to know: who reads, in which language, who the others are, what may be done. */
import { createContext, useContext } from 'react';
import type { RoomSession } from '../sync/types';
import type { Texts } from '../ui/texts';
import type { Formats } from './format';
import type { ChatMessage } from './readMessage';

export interface ChatActions {
  react(id: string, emoji: string): void;
  reply(id: string): void;
  edit(message: ChatMessage): void;
  remove(message: ChatMessage): void;
  jump(id: string): void;
}

export interface ChatContextValue {
  readonly session: RoomSession;
  /** `sub` of the reader. */
  readonly me: string;
  readonly mayWrite: boolean;
  /** May take away what others wrote. */
  readonly moderates: boolean;
  readonly t: Texts['chat'];
  readonly formats: Formats;
  readonly actions: ChatActions;
  /** The name somebody has now, else the one given, else a word for nobody known. */
  nameOf(sub: string, then?: string): string;
  colorOf(sub: string): string;
}

export const ChatContext = createContext<ChatContextValue | null>(null);

export function useChat(): ChatContextValue {
  const value = useContext(ChatContext);
  if (!value) throw new Error('useChat is for parts of the ChatPanel');
  return value;
}

/** What the server says under a path, asked again every two seconds while somebody can see the page. */
import { useEffect, useRef, useState } from 'react';
import { useAdmin, ask } from './adminApi';

export const POLL_MS = 2_000;

export interface Polled<T> {
  value: T | undefined;
  /** When the value came, in milliseconds of the epoch. */
  at: number;
  /** Why the newest question was not answered. */
  problem: unknown;
  /** Ask now, after something was changed. */
  refresh: () => void;
}

interface Answer<T> {
  path: string;
  text: string;
  value: T | undefined;
  at: number;
  problem: unknown;
}

/**
 * @param path What to ask for; null asks nothing. While the answer of a new path is on its way, the old one is shown.
 * An answer that is the same as the one before keeps its reference.
 */
export function usePolled<T>(path: string | null, every = POLL_MS): Polled<T> {
  const { token } = useAdmin();
  const [answer, setAnswer] = useState<Answer<T>>({ path: '', text: '', value: undefined, at: 0, problem: null });
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === null) return undefined;
    const poll = new Poll<T>(token, path, every, setAnswer);
    again.current = () => poll.now();
    poll.now();
    return () => poll.end();
  }, [token, path, every]);
  return { value: answer.value, at: answer.at, problem: answer.problem, refresh: () => again.current() };
}

/** Asks one path again and again, never twice at once, and not while the page is hidden. */
class Poll<T> {
  private readonly aborter = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private askAgain = false;

  constructor(
    private readonly token: string,
    private readonly path: string,
    private readonly every: number,
    private readonly onAnswer: (next: (before: Answer<T>) => Answer<T>) => void,
  ) {
    document.addEventListener('visibilitychange', this.onVisible);
  }

  now(): void {
    clearTimeout(this.timer);
    if (this.asking) this.askAgain = true;
    else void this.askOnce();
  }

  end(): void {
    document.removeEventListener('visibilitychange', this.onVisible);
    clearTimeout(this.timer);
    this.aborter.abort();
  }

  private readonly onVisible = (): void => {
    if (document.hidden) clearTimeout(this.timer);
    else this.now();
  };

  private async askOnce(): Promise<void> {
    this.asking = true;
    this.askAgain = false;
    try {
      const value = await ask<T>(this.token, this.path, { signal: this.aborter.signal });
      this.tell(value, null);
    } catch (problem) {
      this.tell(undefined, problem);
    }
    this.asking = false;
    if (this.aborter.signal.aborted) return;
    if (this.askAgain) void this.askOnce();
    else if (!document.hidden) this.timer = setTimeout(() => this.now(), this.every);
  }

  private tell(value: T | undefined, problem: unknown): void {
    if (this.aborter.signal.aborted) return;
    if (problem) this.onAnswer((before) => ({ ...(before.path === this.path ? before : { ...before, value: undefined, text: '' }), path: this.path, problem }));
    else {
      const text = JSON.stringify(value);
      const at = Date.now();
      this.onAnswer((before) => ({ path: this.path, text, value: before.text === text ? before.value : value, at, problem: null }));
    }
  }
}

/** Who speaks: loud enough, and not lost between two words. */

/** About -34 dBov: above the noise of a room. */
const LOUD = 0.02;
/** A pause between words. */
const PAUSE_MS = 600;
/** Somebody has to go on for so long to be the speaker instead of the one before. */
const TAKES_OVER_MS = 1_000;

export interface Speaking {
  /** Who speaks just now. */
  readonly now: ReadonlySet<string>;
  /** Who speaks, or spoke last. */
  readonly speaker: string | null;
}

export class SpeakingJudge {
  private readonly voices = new Map<string, { since: number; last: number }>();
  private speaker: string | null = null;

  /**
   * @param levels loudness 0–1 by session; who is missing has left.
   * @param now in milliseconds; not falling.
   */
  judge(levels: ReadonlyMap<string, number>, now: number): Speaking {
    for (const session of this.voices.keys()) if (!levels.has(session)) this.voices.delete(session);
    for (const [session, level] of levels) this.hear(session, level, now);
    const speaks = (session: string | null): boolean => session !== null && now - (this.voices.get(session)?.last ?? -Infinity) <= PAUSE_MS;
    const talking = [...this.voices].filter(([session]) => speaks(session)).sort((a, b) => a[1].since - b[1].since);
    const [longest] = talking;
    if (this.speaker !== null && !levels.has(this.speaker)) this.speaker = null;
    if (longest && !speaks(this.speaker) && (this.speaker === null || now - longest[1].since >= TAKES_OVER_MS)) this.speaker = longest[0];
    return { now: new Set(talking.map(([session]) => session)), speaker: this.speaker };
  }

  private hear(session: string, level: number, now: number): void {
    if (level < LOUD) return;
    const voice = this.voices.get(session);
    if (voice && now - voice.last <= PAUSE_MS) voice.last = now;
    else this.voices.set(session, { since: now, last: now });
  }
}

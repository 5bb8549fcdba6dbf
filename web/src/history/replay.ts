/** A room's replay: board and chat on one clock. Instants and lengths are microseconds of the room's own time. */
import type * as Y from 'yjs';
import { type ValueStore, createStore } from '../sync/valueStore';
import { DocumentPlayer } from './documentPlayer';
import type { HistoryApi, Mark, RoomHistory, Timeline } from './historyApi';
import { messageMoments } from './messageMoments';
import { type Recording, nextHeard, withRecordings } from './recordings';
import { TrailWindows } from './trails';

export const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32] as const;
export type Speed = (typeof SPEEDS)[number];

const SECOND = 1_000_000;
const NOTHING: Timeline = { head: 0, first_at: null, last_at: null, since: 0, until: 0, step: 1, activity: [] };
/** Longer waits than this, as the viewer feels them, are skipped when idle time is. */
const LONGEST_WAIT = 1.5 * SECOND;
/** And this much is left of them, so that one sees that something is about to come. */
const REST_OF_WAIT = 0.3 * SECOND;
/** A frame that took longer (a hidden tab, say) counts as this. */
const LONGEST_FRAME_MS = 250;
const MAX_MESSAGE_SKEW = 365 * 24 * 3600 * SECOND;

export interface Span {
  readonly begin: number;
  readonly end: number;
}

export type Documents = 'whiteboard' | 'chat';

export class Replay {
  readonly position: ValueStore<number>;
  readonly span: ValueStore<Span>;
  readonly playing = createStore(false);
  readonly speed = createStore<Speed>(4);
  readonly skipsIdle = createStore(true);
  /** Rows are on their way. */
  readonly waiting = createStore(false);
  readonly problem = createStore<unknown>(null);
  readonly marks: ValueStore<readonly Mark[]>;
  readonly timeline: ValueStore<Timeline>;
  /** Recorded calls; nobody waits for them. */
  readonly recordings = createStore<readonly Recording[]>([]);
  readonly board: DocumentPlayer;
  readonly chat: DocumentPlayer;
  /** Where people pointed; nobody waits for it. */
  readonly cursors: TrailWindows;
  /** The board's document was built: it changes from now on. */
  onBoard: (doc: Y.Doc) => void = () => {};
  readonly meetings: readonly Span[];
  /** When messages came; those that are missing are placed by their authors' clocks. */
  readonly moments = createStore<ReadonlyMap<string, number>>(new Map());
  private seeks = 0;
  private isScrubbing = false;
  /** Where the thumb went while the board was on its way. */
  private passed: number | undefined;

  private constructor(
    readonly api: HistoryApi, public overview: RoomHistory,
    /** Whose the Yjs client ids of the board are. */
    readonly authors: ReadonlyMap<number, string>,
  ) {
    this.board = new DocumentPlayer(api, 'whiteboard', headOf(overview, 'whiteboard'), (doc) => this.onBoard(doc));
    this.chat = new DocumentPlayer(api, 'chat', headOf(overview, 'chat'));
    this.cursors = new TrailWindows(api, () => this.whole);
    this.meetings = meetingsOf(overview);
    this.span = createStore(spanOf(overview));
    this.position = createStore(this.span.get().end);
    this.marks = createStore<readonly Mark[]>(overview.marks);
    this.timeline = createStore(NOTHING);
  }

  /**
   * At its end.
   *
   * @throws ApiError
   */
  static async open(api: HistoryApi): Promise<Replay> {
    const [overview, authors] = await Promise.all([api.overview(), api.authors('whiteboard')]);
    const replay = new Replay(api, overview, authors);
    const { end } = replay.whole;
    await Promise.all([replay.show(replay.whole), replay.seek(end)]);
    return replay;
  }

  /** Show a part of the time only, one meeting say, or all of it. */
  async choose(span: Span): Promise<void> {
    await this.show(span);
    await this.seek(this.position.get());
  }

  private async show(span: Span): Promise<void> {
    this.timeline.set(await timelineOf(this.api, span));
    this.span.set(span);
  }

  /** The room is in use: what was added since has its place on the track; who looks at the end goes on looking at it. */
  async refresh(): Promise<void> {
    const [before, { begin, end }] = [this.whole, this.span.get()];
    this.overview = await this.api.overview();
    [this.board.head, this.chat.head] = [headOf(this.overview, 'whiteboard'), headOf(this.overview, 'chat')];
    this.marks.set(this.overview.marks);
    this.cursors.grow();
    if (end !== before.end) return; // one of several meetings is shown
    const wasAtEnd = this.position.get() >= end && !this.playing.get();
    await this.show({ begin: Math.min(begin, this.whole.begin), end: this.whole.end });
    if (wasAtEnd) await this.seek(this.whole.end);
  }

  /** Place the messages; what cannot be read stays where its author's clock put it. */
  async place(signal: AbortSignal): Promise<void> {
    const moments = await messageMoments(this.api, this.chat.head, signal);
    if (!signal.aborted) this.moments.set(moments);
  }

  /** The instant of a message, whose author's clock said `sentAtMs`. */
  instantOf(id: string, sentAtMs: number): number {
    return this.moments.get().get(id) ?? instantOfMessage(sentAtMs, this.whole);
  }

  get whole(): Span {
    return withRecordings(spanOf(this.overview), this.recordings.get());
  }

  /** What was said and shown can be heard and seen from now on; at the speed at which people speak, if there is any. */
  hear(recordings: readonly Recording[]): void {
    if (recordings.length === 0) return;
    const { begin, end } = this.whole;
    const span = this.span.get();
    const wasWhole = span.begin === begin && span.end === end;
    const wasAtEnd = this.position.get() >= end;
    this.recordings.set(recordings);
    if (!this.playing.get()) this.speed.set(1);
    if (!wasWhole) return;
    void this.show(this.whole).then(() => (wasAtEnd && !this.playing.get() ? this.seek(this.whole.end) : undefined), (error: unknown) => this.fail(error));
  }

  get isEmpty(): boolean {
    return this.board.head + this.chat.head === 0;
  }

  /** Somebody drags along the track: show what he passes as fast as it comes, and where he stops in the end. */
  async scrub(at: number): Promise<void> {
    this.position.set(this.within(at));
    if (this.isScrubbing) {
      this.passed = at;
      return;
    }
    this.isScrubbing = true;
    for (let next: number | undefined = at; next !== undefined; next = this.passed) await this.seek(next);
    this.isScrubbing = false;
  }

  /** Show an instant; only the newest call counts. */
  async seek(at: number): Promise<void> {
    this.passed = undefined;
    const aim = this.within(at);
    const seek = ++this.seeks;
    this.position.set(aim);
    this.waiting.set(true);
    try {
      const to = aim >= this.whole.end ? 'end' : aim;
      await Promise.all([this.board.seek(to), this.chat.seek(to)]);
      this.problem.set(null);
    } catch (error) {
      if (seek === this.seeks) this.fail(error);
    } finally {
      if (seek === this.seeks) this.waiting.set(false);
    }
  }

  private within(at: number): number {
    const { begin, end } = this.span.get();
    return Math.min(Math.max(at, begin), end);
  }

  play(): void {
    if (this.position.get() >= this.span.get().end) void this.seek(this.span.get().begin).then(() => this.playing.set(true));
    else this.playing.set(true);
  }

  pause(): void {
    this.playing.set(false);
  }

  /** So much time has passed for the viewer since the last frame. */
  frame(passedMs: number): void {
    if (!this.playing.get() || this.waiting.get()) return;
    const speed = this.speed.get();
    const { end } = this.span.get();
    const ahead = Math.min(passedMs, LONGEST_FRAME_MS) * 1000 * speed;
    const aim = Math.min(this.position.get() + ahead, end);
    const shown = [this.board, this.chat].map((player) => player.advance(aim));
    if (!shown.every(Boolean)) return; // they are being fetched: time stands still until they are here
    this.position.set(this.skipsIdle.get() ? this.afterIdle(aim, speed) : aim);
    if (this.position.get() >= end) this.playing.set(false);
  }

  /** The nearest instant at which something begins after a pause, forward or back: marks, bursts of drawing, and `others`. */
  neighbour(direction: 1 | -1, others: readonly number[]): number {
    const { begin, end } = this.span.get();
    const here = this.position.get();
    const { since, step, activity } = this.timeline.get();
    const busy = [...new Set(activity.map((one) => one.step))].sort((a, b) => a - b);
    const bursts = busy.filter((one, index) => index === 0 || one - busy[index - 1]! > 1).map((one) => since + one * step);
    const stops = [begin, ...bursts, ...others, ...this.marks.get().map(({ at }) => at), end].sort((a, b) => a - b);
    const margin = SECOND / 10;
    return direction > 0
      ? (stops.find((at) => at > here + margin) ?? end)
      : (stops.findLast((at) => at < here - margin) ?? begin);
  }

  async addMark(label: string): Promise<void> {
    const mark = await this.api.addMark(label, this.position.get());
    this.marks.set([...this.marks.get(), mark].sort((a, b) => a.at - b.at));
  }

  async removeMark(id: string): Promise<void> {
    await this.api.removeMark(id);
    this.marks.set(this.marks.get().filter((mark) => mark.id !== id));
  }

  close(): void {
    this.playing.set(false);
    this.board.stop();
    this.chat.stop();
    this.cursors.close();
  }

  /** Where to go on when nothing happens for long. */
  private afterIdle(at: number, speed: number): number {
    const heard = nextHeard(this.recordings.get(), at);
    if (heard === at) return at;
    const nexts = [this.board.next, this.chat.next];
    if (nexts.includes(undefined)) return at; // not known yet
    const coming = [...nexts.flatMap((row) => (row ? [row.at] : [])), ...(heard === undefined ? [] : [heard])];
    if (coming.length === 0) return this.span.get().end;
    const next = Math.min(...coming);
    return next - at > LONGEST_WAIT * speed ? next - REST_OF_WAIT * speed : at;
  }

  private fail(error: unknown): void {
    this.playing.set(false);
    this.problem.set(error);
  }
}

function headOf(overview: RoomHistory, name: Documents): number {
  return overview.documents.find((document) => document.name === name)?.head ?? 0;
}

/** From the first thing that was done to the last one. */
function spanOf({ documents, room }: RoomHistory): Span {
  const ours = documents.filter(({ name }) => name === 'whiteboard' || name === 'chat');
  if (ours.length === 0) return { begin: room.created_at, end: room.created_at };
  const begin = Math.min(...ours.map(({ first_at: first }) => first));
  // a breath before the first stroke: who begins at the beginning sees it come
  return { begin: Math.max(room.created_at, begin - SECOND), end: Math.max(...ours.map(({ last_at: last }) => last)) };
}

const PAUSE_BETWEEN_MEETINGS = 3600 * SECOND;
/** Steps of the track; it is not wider than that on most screens. */
const STEPS = 600;

function timelineOf(api: HistoryApi, { begin, end }: Span): Promise<Timeline> {
  const step = Math.max(1, Math.ceil((end + 1 - begin) / STEPS));
  return api.timeline('whiteboard', { since: begin, until: end + 1, step });
}

/** Times when somebody was there, without a longer pause, as far as something was done in them. */
export function meetingsOf(overview: RoomHistory): Span[] {
  const whole = spanOf(overview);
  const meetings: { begin: number; end: number }[] = [];
  for (const { joined_at: from, left_at: left } of overview.sessions) {
    const to = left ?? whole.end;
    const last = meetings.at(-1);
    if (last && from - last.end <= PAUSE_BETWEEN_MEETINGS) last.end = Math.max(last.end, to);
    else meetings.push({ begin: from, end: to });
  }
  const clipped = meetings.map(({ begin, end }) => ({ begin: Math.max(begin, whole.begin), end: Math.min(end, whole.end) }));
  return clipped.filter(({ begin, end }) => end > begin);
}

/** When a message came, by its author's clock, as far as that can be true. */
export function instantOfMessage(sentAtMs: number, { begin, end }: Span): number {
  const at = sentAtMs * 1000;
  return Math.abs(at - begin) > MAX_MESSAGE_SKEW ? end : Math.min(Math.max(at, begin), end);
}

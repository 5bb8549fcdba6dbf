/** The REST calls about a room's history. Instants are microseconds of the epoch. */
import { pathOf } from '../api/rooms';
import { reach, request, toError } from '../api/client';
import type { RoomInfo } from '../sync/types';
import type { Recording } from './recordings';
import { type StreamReader, StreamCutOff, readStream } from './stream';
import type { Trail } from './trails';

export interface DocumentExtent {
  name: string;
  head: number;
  first_at: number;
  last_at: number;
}

export interface Participant {
  sub: string;
  name: string;
  color: string;
  /** When he first came. */
  joined_at: number;
}

/** Somebody had a page open; `left_at` is null while it is. */
export interface Stay {
  sub: string;
  joined_at: number;
  left_at: number | null;
}

export interface Mark {
  id: string;
  at: number;
  kind: string;
  label: string;
  by: string | null;
}

export interface RoomHistory {
  room: { id: string; name: string; created_at: number };
  documents: DocumentExtent[];
  people: Participant[];
  sessions: Stay[];
  marks: Mark[];
}

/** Rows by person and step; the steps begin at `since`. */
export interface Timeline {
  head: number;
  first_at: number | null;
  last_at: number | null;
  since: number;
  until: number;
  step: number;
  activity: { user: string; step: number; rows: number }[];
}

export interface Branched {
  room: RoomInfo;
}

/** The history of one room, read with whatever token is good now. */
export class HistoryApi {
  constructor(readonly room: string, private readonly token: () => Promise<string>) {}

  async overview(signal?: AbortSignal): Promise<RoomHistory> {
    return request(pathOf(this.room, 'history'), { token: await this.token(), ...(signal && { signal }) });
  }

  async timeline(document: string, span: { since?: number; until?: number; step?: number } = {}): Promise<Timeline> {
    const query = new URLSearchParams(Object.entries(span).map(([name, value]) => [name, String(value)]));
    return request(`${pathOf(this.room, 'history', document)}?${query}`, { token: await this.token() });
  }

  /** Whose the Yjs client ids are. */
  async authors(document: string): Promise<ReadonlyMap<number, string>> {
    const path = pathOf(this.room, 'history', document, 'authors');
    const { clients } = await request<{ clients: Record<string, string | null> }>(path, { token: await this.token() });
    return new Map(Object.entries(clients).flatMap(([client, sub]) => (sub === null ? [] : [[Number(client), sub]])));
  }

  /**
   * Read the rows with `after` < seq ≤ `until`; with a keyframe, from the state at or before `after` on.
   *
   * @returns The seq of the last row.
   * @throws ApiError, StreamCutOff, StreamMalformed
   */
  async rows(
    document: string, span: { after: number; until: number; keyframe: boolean }, reader: StreamReader, signal?: AbortSignal,
  ): Promise<number> {
    return this.stream(document, { ...span, keyframe: span.keyframe ? 1 : 0 }, span.keyframe ? 0 : span.after, reader, signal);
  }

  /**
   * Read what makes the state after a row, or at an instant: a keyframe and the rows behind it.
   *
   * @returns The seq of the last row; 0 before the first.
   * @throws ApiError, StreamCutOff, StreamMalformed
   */
  async state(document: string, when: { seq: number } | { at: number }, reader: StreamReader, signal?: AbortSignal): Promise<number> {
    const last: Record<string, number> = 'at' in when ? { at: Math.round(when.at) } : { after: when.seq, until: when.seq };
    return this.stream(document, { ...last, keyframe: 1 }, 0, reader, signal);
  }

  private async stream(
    document: string, query: Record<string, number>, after: number, reader: StreamReader, signal?: AbortSignal,
  ): Promise<number> {
    const text = Object.entries(query).map(([name, value]) => `${name}=${value}`).join('&');
    const path = `${pathOf(this.room, 'history', document, 'updates')}?${text}`;
    const response = await reach(path, { token: await this.token(), timeout: null, ...(signal && { signal }) });
    if (!response.ok || !response.body) throw await toError(response);
    return readStream(response.body, after, reader);
  }

  /**
   * Where people pointed, `since` included, `until` not.
   *
   * @throws ApiError, StreamCutOff
   */
  async cursors({ since, until }: { since: number; until: number }, signal: AbortSignal): Promise<readonly Trail[]> {
    const path = `${pathOf(this.room, 'history', 'cursors')}?since=${since}&until=${until}`;
    const response = await reach(path, { token: await this.token(), signal });
    if (!response.ok) throw await toError(response);
    const lines = (await response.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Trail | { end: number });
    const end = lines.pop();
    if (!end || !('end' in end)) throw new StreamCutOff();
    return lines as Trail[];
  }

  async recordings(): Promise<readonly Recording[]> {
    return (await request<{ recordings: Recording[] }>(pathOf(this.room, 'recordings'), { token: await this.token() })).recordings;
  }

  /** Where a player finds a recorded file; it can send no header. */
  async recordedFile(recording: string, file: string): Promise<string> {
    return `${pathOf(this.room, 'recordings', recording, file)}?token=${encodeURIComponent(await this.token())}`;
  }

  async addMark(label: string, at: number): Promise<Mark> {
    return request(pathOf(this.room, 'marks'), { method: 'POST', token: await this.token(), body: { label, at: Math.round(at) } });
  }

  async removeMark(id: string): Promise<void> {
    await request(pathOf(this.room, 'marks', id), { method: 'DELETE', token: await this.token() });
  }

  /** A new room that begins as this one was at that instant, owned by this person. */
  async branch(at: number, name: string): Promise<Branched> {
    return request(pathOf(this.room, 'branch'), { method: 'POST', token: await this.token(), body: { at: Math.round(at), name } });
  }
}

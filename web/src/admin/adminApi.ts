/** The one way in which the administration talks to the server, and what its parts share. */
import { createContext, useContext } from 'react';
import { ApiError, request, type RequestOptions } from '../api/client';
import type { Texts } from '../ui/texts';
import { accessAfter, adminAccess, leave } from './access';

export interface Admin {
  token: string;
  /** The server's present time in microseconds, as of its last answer. */
  now: number;
  /** Tell in words what was done, to eyes and screen readers. */
  say(words: string): void;
}

export const AdminContext = createContext<Admin>({ token: '', now: 0, say: () => {} });

export function useAdmin(): Admin {
  return useContext(AdminContext);
}

/**
 * Ask the server with the admin token.
 *
 * @throws ApiError as `request`; a token that is not taken any more also ends the access of this tab.
 */
export async function ask<T>(token: string, path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<T> {
  try {
    return await request<T>(path, { ...options, token });
  } catch (error) {
    endAccess(token, error instanceof ApiError ? error.code : '');
    throw error;
  }
}

/** Fetch a table as CSV and hand it to the browser as a file. */
export async function downloadCsv(token: string, path: string, fileName: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, Accept: 'text/csv' };
  const response = await fetch(path, { headers, credentials: 'omit', cache: 'no-store' });
  if (!response.ok) throw new ApiError('unexpected_answer', response.statusText, response.status);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has taken the bytes once this turn of the loop is over; Safari wants a little more.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** What went wrong, in words. */
export function wordsOf(error: unknown, t: Texts['admin']): string {
  if (!(error instanceof ApiError)) return t.refused(String(error));
  return t.problems[error.code] ?? t.refused(error.reason);
}

export function pathOfRoom(room: string): string {
  return `/api/rooms/${encodeURIComponent(room)}`;
}

export function pathOfMember(room: string, user: string): string {
  return `${pathOfRoom(room)}/members/${encodeURIComponent(user)}`;
}

/** A refusal that concerns a token which was replaced meanwhile changes nothing. */
function endAccess(token: string, code: string): void {
  const current = adminAccess.get();
  const next = accessAfter(code);
  if (next && current.kind === 'token' && current.token === token) leave(next);
}

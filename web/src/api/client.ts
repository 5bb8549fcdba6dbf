/** HTTP to the room's server: JSON in, JSON out, and every failure as one ApiError with a stable code. */

/** A code of the server's error table, or `unreachable` when no answer came. */
export type ErrorCode = string;

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ErrorCode,
    /** A sentence for people, in English, from the server. */
    readonly reason: string,
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** How long the server asks to wait, when it says so. */
    readonly retryAfterSeconds?: number,
  ) {
    super(`${code}: ${reason}`);
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  token?: string;
  signal?: AbortSignal;
  /** ms until an answer must have come as a whole; null: any time, for what is streamed. */
  timeout?: number | null;
}

const TIMEOUT_MS = 15_000;

/**
 * Send one request and read its JSON answer.
 *
 * @throws ApiError for every answer that is not 2xx, for none at all, and for one that is not JSON.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await reach(path, options);
  const body = await readJson(response);
  if (response.ok && body !== undefined) return body as T;
  throw errorOf(response, body);
}

/**
 * Send one request and take its answer as a file.
 *
 * @throws ApiError for every answer that is not 2xx, and for none at all.
 */
export async function requestFile(path: string, options: RequestOptions = {}): Promise<Blob> {
  const response = await reach(path, options);
  if (response.ok) return response.blob();
  throw await toError(response);
}

/**
 * Send one request and give its answer, good or not.
 *
 * @throws ApiError when there is none.
 */
export async function reach(
  path: string, { method = 'GET', body, token, signal, timeout = TIMEOUT_MS }: RequestOptions,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const signals = [...(signal ? [signal] : []), ...(timeout === null ? [] : [AbortSignal.timeout(timeout)])];
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('unreachable', 'The server does not answer.', 0);
  }
}

async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** The error that an answer which is not 2xx tells. */
export async function toError(response: Response): Promise<ApiError> {
  return errorOf(response, await readJson(response));
}

function errorOf(response: Response, body: unknown): ApiError {
  const error = isErrorBody(body) ? body.error : { code: codeOfStatus(response.status), reason: response.statusText };
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new ApiError(error.code, error.reason, response.status, Number.isFinite(seconds) ? seconds : undefined);
}

function isErrorBody(body: unknown): body is { error: { code: string; reason: string } } {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false;
  const error = body.error;
  return typeof error === 'object' && error !== null
    && 'code' in error && typeof error.code === 'string'
    && 'reason' in error && typeof error.reason === 'string';
}

/** What an answer means that did not come from the room's server, but from a proxy before it, say. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 502 || status === 503 || status === 504) return 'unreachable';
  return status >= 500 ? 'internal_error' : 'unexpected_answer';
}

/** Why an act did not happen, as far as people can do something about it. */
import { ApiError } from '../api/client';

/** `failed`: the server was not reached, or cannot do it now. `refused`: it said no. */
export type Failure = 'failed' | 'refused';

/** @throws whatever is not an answer of the server: that is a defect of ours. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof ApiError)) throw error;
  return error.isTemporary ? 'failed' : 'refused';
}

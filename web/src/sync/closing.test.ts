import { describe, expect, it } from 'vitest';
import { closingOf } from './closing';
import { colorOf } from './userColor';

describe('a close code', () => {
  it.each([
    [4401, 'token_expired', 'renew'],
    [4403, 'permission_denied', 'renew'],
    [4403, 'banned', 'final'],
    [4404, 'room_deleted', 'final'],
    [4400, 'malformed_update', 'refused'],
    [4410, 'authorship_violation', 'refused'],
    [4413, 'update_too_large', 'refused'],
    [4503, 'storage_unavailable', 'retried'],
    [1011, 'corrupt_log', 'broken'],
    [1006, '', 'retried'],
  ])('%i %s is %s', (code, reason, kind) => {
    expect(closingOf(code, reason)).toMatchObject({ kind });
  });

  it('has a name when its reason was lost', () => {
    expect(closingOf(4404, '')).toEqual({ kind: 'final', code: 'unknown_room' });
  });
});

describe('the colour of a user', () => {
  it('is the one that the server computes', () => {
    // PALETTE[int(sha256(b"ann").hexdigest(), 16) % 12]
    expect(colorOf('ann')).toBe('#f08c00');
  });
});

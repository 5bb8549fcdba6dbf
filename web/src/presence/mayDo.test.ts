import { describe, expect, it } from 'vitest';
import { PERMISSIONS, presumedPermissions } from '../sync/permissions';
import type { Role } from '../sync/types';
import { basePermissions, mayActOn, mayHandOver, rolesFor, type Standing, sourceOf } from './mayDo';

const someone = (role: Role, permissions = presumedPermissions(role)): Standing => ({ role, permissions });

describe('who acts on whom', () => {
  it('the owner on everybody but an owner', () => {
    expect((['owner', 'moderator', 'member', 'viewer'] as const).map((role) => mayActOn('owner', someone(role))))
      .toEqual(['owner', 'yes', 'yes', 'yes']);
  });

  it('moderators on those who do not moderate, whatever their role is called', () => {
    expect(mayActOn('moderator', someone('member'))).toBe('yes');
    expect(mayActOn('moderator', someone('moderator'))).toBe('byOwner');
    expect(mayActOn('moderator', someone('member', ['moderate']))).toBe('byOwner');
    expect(mayActOn('moderator', someone('moderator', ['draw']))).toBe('yes');
  });

  it('roles are given up to one’s own', () => {
    expect(rolesFor('owner', someone('member'))).toEqual(['moderator', 'member', 'viewer']);
    expect(rolesFor('moderator', someone('viewer'))).toEqual(['member', 'viewer']);
    expect(rolesFor('moderator', someone('moderator'))).toEqual(['moderator']);
    expect(rolesFor('owner', someone('owner'))).toEqual(['owner']);
  });

  it('a role is handed down, never up or sideways', () => {
    expect(mayHandOver('owner', someone('moderator'))).toBe(true);
    expect(mayHandOver('moderator', someone('member'))).toBe(true);
    expect(mayHandOver('moderator', someone('moderator'))).toBe(false);
    expect(mayHandOver('moderator', someone('owner'))).toBe(false);
    // A member to whom single rights were given has no role to hand over.
    expect(mayHandOver('member', someone('viewer'))).toBe(false);
  });
});

describe('where a right comes from', () => {
  it('is the room for members, the role for all others, and what was set comes before both', () => {
    expect(sourceOf('draw', 'member', {})).toBe('room');
    expect(sourceOf('draw', 'viewer', {})).toBe('role');
    expect(sourceOf('draw', 'viewer', { draw: true })).toBe('person');
    expect(sourceOf('draw', 'member', { draw: false })).toBe('person');
    expect(sourceOf('draw', 'owner', { draw: false })).toBe('role');
  });

  it('gives members what the room gives, viewers nothing, those who moderate everything', () => {
    const room = { permissions: ['chat'] as const };
    expect(basePermissions('member', room)).toEqual(['chat']);
    expect(basePermissions('viewer', room)).toEqual([]);
    expect(basePermissions('moderator', room)).toEqual(PERMISSIONS);
  });
});

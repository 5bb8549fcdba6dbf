/** What somebody who moderates may do to whom. The server decides; this says it before it is tried. */
import { PERMISSIONS } from '../sync/permissions';
import type { Permission, Role, RoomInfo } from '../sync/types';

/** As far as it decides who stands above whom. */
export interface Standing {
  role: Role;
  permissions: readonly Permission[] | ReadonlySet<Permission>;
}

/** `yes`, or why not: `owner`: nobody acts on the owner; `byOwner`: only the owner acts on those who moderate. */
export type Allowed = 'yes' | 'owner' | 'byOwner';

/** Whether one may change what somebody may do, remove and ban him. */
export function mayActOn(mine: Role, theirs: Standing): Allowed {
  if (theirs.role === 'owner') return 'owner';
  return mine !== 'owner' && moderates(theirs) ? 'byOwner' : 'yes';
}

/** The roles that may be given to somebody who has this one; his own is always among them. */
export function rolesFor(mine: Role, theirs: Standing): readonly Role[] {
  if (mayActOn(mine, theirs) !== 'yes') return [theirs.role];
  return mine === 'owner' ? ['moderator', 'member', 'viewer'] : ['member', 'viewer'];
}

/** Whether one has a role to hand over, and that person would get more by it. */
export function mayHandOver(mine: Role, theirs: Standing): boolean {
  if (mine === 'owner') return theirs.role !== 'owner';
  return mine === 'moderator' && (theirs.role === 'member' || theirs.role === 'viewer');
}

/** What a role may do in a room, before anything is set for a single person. */
export function basePermissions(role: Role, room: Pick<RoomInfo, 'permissions'>): readonly Permission[] {
  if (role === 'viewer') return [];
  return role === 'member' ? room.permissions : PERMISSIONS;
}

/** Where a permission of a person comes from. */
export type Source = 'room' | 'role' | 'person';

export function sourceOf(permission: Permission, role: Role, overrides: Partial<Record<Permission, boolean>>): Source {
  if (role !== 'owner' && overrides[permission] !== undefined) return 'person';
  return role === 'member' ? 'room' : 'role';
}

function moderates({ permissions }: Standing): boolean {
  return new Set<Permission>(permissions).has('moderate');
}

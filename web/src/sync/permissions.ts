/** What a person may do in a room, and what is assumed of it where only a role is known. */
import type { MediaKind, Permission, Role } from './types';

/** In the order in which they are shown. */
export const PERMISSIONS: readonly Permission[] = [
  'draw', 'chat', 'voice', 'video', 'screen_share', 'upload', 'record', 'moderate',
];

/** What members may do in a room whose settings are not known. */
export const MEMBER_PERMISSIONS: readonly Permission[] = PERMISSIONS.slice(0, 6);

/** What a role may do where the server has not said it: a page kept by an older client, a person known from the board only. */
export function presumedPermissions(role: Role): readonly Permission[] {
  if (role === 'viewer') return [];
  return role === 'member' ? MEMBER_PERMISSIONS : PERMISSIONS;
}

/** Those of a list that this client knows, in their order; a newer server may send more. */
export function knownPermissions(listed: readonly string[]): readonly Permission[] {
  return PERMISSIONS.filter((permission) => listed.includes(permission));
}

/** What one must be permitted to send each kind of media. */
export const MEDIA_NEEDS: Readonly<Record<MediaKind, Permission>> = { mic: 'voice', camera: 'video', screen: 'screen_share' };

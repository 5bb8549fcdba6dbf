/** What somebody may do, as one sentence. */
import { PERMISSIONS } from '../sync/permissions';
import type { Permission } from '../sync/types';
import { type Language, localeOf, type Texts } from './texts';

/** “You can look and chat.” */
export function youCan(permissions: ReadonlySet<Permission>, t: Texts['rights'], lang: Language): string {
  if (PERMISSIONS.every((permission) => permissions.has(permission))) return t.everything;
  const verbs = [t.verbs.look, ...PERMISSIONS.filter((permission) => permissions.has(permission)).map((permission) => t.verbs[permission])];
  return t.youCan(listOf(verbs, lang));
}

/** “draw, chat and speak” */
export function listOf(words: readonly string[], lang: Language): string {
  return new Intl.ListFormat(localeOf(lang), { type: 'conjunction' }).format(words);
}

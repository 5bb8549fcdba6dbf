/** The details of an event as words: what the page knows is translated, what it does not know is shown as it is. */
import type { Texts } from '../ui/texts';
import type { Formats } from './format';

const INSTANTS = new Set(['expires_at', 'before', 'at']);
const SIZES = new Set(['size', 'bytes']);
const PEOPLE = new Set(['user', 'sub', 'by']);
const SIGNATURE = 'signature';
/** What stands in other columns, or says nothing to a reader. */
const UNTOLD = new Set([SIGNATURE, 'at', 'sha256']);
const ROLES = new Set(['role', 'default_role', 'before', 'after', 'from', 'to']);

export function isSigned(details: Readonly<Record<string, unknown>>): boolean {
  return typeof details[SIGNATURE] === 'string';
}

export function eventFields(
  details: Readonly<Record<string, unknown>>, t: Texts['admin'], formats: Formats, names: ReadonlyMap<string, string>,
): [string, string][] {
  return Object.entries(details)
    .filter(([name, value]) => !UNTOLD.has(name) && value !== null && value !== '')
    .map(([name, value]) => [t.events.fields[name] ?? name.replaceAll('_', ' '), wordOf(name, value, t, formats, names)]);
}

function wordOf(name: string, value: unknown, t: Texts['admin'], formats: Formats, names: ReadonlyMap<string, string>): string {
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  if (typeof value === 'number') {
    if (INSTANTS.has(name)) return formats.moment(value);
    return SIZES.has(name) ? formats.size(value) : formats.number(value);
  }
  if (typeof value === 'string') return PEOPLE.has(name) ? (names.get(value) ?? value) : (knownWord(name, value, t) ?? value);
  if (Array.isArray(value)) return value.map((one) => wordOf(name, one, t, formats, names)).join(', ') || t.none;
  if (typeof value !== 'object' || value === null) return '–';
  return Object.entries(value).map(([key, one]) => `${wordOf(name, key, t, formats, names)}: ${wordOf(key, one, t, formats, names)}`).join(', ');
}

/** Roles, permissions and the like are codes on the wire. */
function knownWord(name: string, value: string, t: Texts['admin']): string | undefined {
  if (ROLES.has(name)) return wordIn(t.roles, value);
  if (name === 'permissions' || name === 'overrides') return wordIn(t.permissions, value);
  if (name === 'access') return wordIn(t.access, value);
  return name === 'door' ? wordIn(t.doorShort, value) : undefined;
}

function wordIn(words: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(words, code) ? words[code] : undefined;
}

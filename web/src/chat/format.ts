/** Times and sizes in the reader's language. */
import { type Language, type Texts } from '../ui/texts';
import { localDay } from './rows';

/** The browser's own region if it speaks the chosen language: en-GB writes 14:30, en-US 2:30 PM. */
function localeOf(language: Language): string {
  const own = typeof navigator === 'undefined' ? undefined : navigator.languages.find((one) => one.startsWith(language));
  return own ?? language;
}

export interface Formats {
  /** 14:30 */
  time(at: number): string;
  /** 14:30, and 2:30 for those who say 2:30 PM: beside a group whose head says the rest. */
  shortTime(at: number): string;
  /** Monday, 23 November 2026, 14:30 */
  moment(at: number): string;
  /** Today, Yesterday, Monday 23 November */
  day(at: number, now: number): string;
  size(bytes: number): string;
}

export function formatsFor(language: Language, t: Texts['chat']): Formats {
  const locale = localeOf(language);
  const time = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' });
  const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
  const year = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
  return {
    time: (at) => time.format(at),
    shortTime: (at) => time.formatToParts(at).map(({ type, value }) => (type === 'dayPeriod' ? '' : value)).join('').trim(),
    moment: (at) => moment.format(at),
    day(at, now) {
      if (localDay(at) === localDay(now)) return t.today;
      if (localDay(at) === localDay(yesterdayOf(now))) return t.yesterday;
      return (new Date(at).getFullYear() === new Date(now).getFullYear() ? day : year).format(at);
    },
    size: (bytes) => formatSize(bytes, locale),
  };
}

function yesterdayOf(now: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1).getTime();
}

function formatSize(bytes: number, locale: string): string {
  const [amount, unit] = bytes < 1024 ? [bytes, 'B'] : bytes < 1024 ** 2 ? [bytes / 1024, 'KB'] : [bytes / 1024 ** 2, 'MB'];
  const digits = unit === 'MB' ? 1 : 0;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(amount)} ${unit}`;
}

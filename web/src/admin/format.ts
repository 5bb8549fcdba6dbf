/** Numbers, sizes, times and lengths of time in the reader's language. */
import { language, localeOf, type Language, type Texts, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';

export interface Formats {
  locale: string;
  number(value: number): string;
  percent(share: number): string;
  size(bytes: number): string;
  /** 14:30; with its day when that is not today. `at` in microseconds. */
  moment(at: number): string;
  /** 14:30:05, for "as of". `at` in milliseconds. */
  clock(at: number): string;
  /** 3 minutes ago. */
  ago(at: number, now: number): string;
  /** 46 h; 2:05 h; 5 min; 40 s. */
  length(seconds: number): string;
}

export function useFormats(): Formats {
  const t = useTexts().admin;
  const chosen = useStore(language);
  return formatsFor(chosen, t);
}

const cache = new Map<Language, Formats>();

export function formatsFor(chosen: Language, t: Texts['admin']): Formats {
  const known = cache.get(chosen);
  if (known) return known;
  const made = makeFormats(typeof navigator === 'undefined' ? chosen : localeOf(chosen), t);
  cache.set(chosen, made);
  return made;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60]];
const SIZES = ['B', 'KB', 'MB', 'GB'] as const;

function makeFormats(locale: string, t: Texts['admin']): Formats {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  return {
    locale,
    number: (value) => whole.format(value),
    percent: (share) => percent.format(share),
    size(bytes) {
      const step = Math.min(SIZES.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
      const value = bytes / 1024 ** step;
      return `${(value >= 10 || step === 0 ? whole : tenth).format(value)} ${t.bytes[SIZES[step] ?? 'GB']}`;
    },
    moment(at) {
      const date = new Date(at / 1000);
      return (date.toDateString() === new Date().toDateString() ? time : day).format(date);
    },
    clock: (at) => clock.format(at),
    ago(at, now) {
      const seconds = Math.max(0, (now - at) / 1_000_000);
      const [name, size] = STEPS.find(([, length]) => seconds >= length) ?? ['minute', 60];
      return seconds < 60 ? t.now : relative.format(-Math.floor(seconds / size), name);
    },
    length(seconds) {
      const rounded = Math.round(seconds);
      if (rounded < 60) return `${rounded} ${t.units.s}`;
      const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor((rounded % 3600) / 60)];
      if (hours === 0) return `${minutes} ${t.units.min}`;
      return hours >= 10 ? `${whole.format(hours)} ${t.units.h}` : `${hours}:${String(minutes).padStart(2, '0')} ${t.units.h}`;
    },
  };
}

/** Instants of a history in words, as the reader's language writes them. */
import { useMemo } from 'react';
import { language, localeOf } from '../ui/texts';
import { useStore } from '../ui/useStore';
import type { Span } from './replay';

const SECOND = 1_000_000;

/** Instants are microseconds. */
interface Times {
  moment(at: number): string;
  span(span: Span): string;
}

/** Writes the day and the time of an instant (microseconds), `medium` with its seconds. */
export function useDayAndTime(timeStyle: 'short' | 'medium' = 'short'): (at: number) => string {
  const format = useFormat(timeStyle);
  return (at) => format.format(at / 1000);
}

/** Times as short as the length of the history allows. */
export function useTimes({ begin, end }: Span): Times {
  const lang = useStore(language);
  const day = useFormat('short');
  return useMemo(() => {
    const oneDay = new Date(begin / 1000).toDateString() === new Date(end / 1000).toDateString();
    const moment = new Intl.DateTimeFormat(localeOf(lang), { ...(oneDay ? {} : { day: 'numeric', month: 'short' }), hour: '2-digit', minute: '2-digit', second: '2-digit' });
    return {
      moment: (at) => moment.format(at / 1000),
      span: (one) => day.formatRange(one.begin / 1000, Math.max(one.end, one.begin + SECOND) / 1000),
    };
  }, [lang, day, begin, end]);
}

function useFormat(timeStyle: 'short' | 'medium'): Intl.DateTimeFormat {
  const lang = useStore(language);
  return useMemo(() => new Intl.DateTimeFormat(localeOf(lang), { dateStyle: 'medium', timeStyle }), [lang, timeStyle]);
}

/** Tabs that scroll sideways on small screens: the current one is brought into sight. */
import { type RefObject, useEffect, useRef } from 'react';

export function useShowCurrent(place: string): RefObject<HTMLElement | null> {
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    const current = tabs.current?.querySelector<HTMLElement>('[aria-current]');
    if (tabs.current && current) tabs.current.scrollLeft = current.offsetLeft - (tabs.current.clientWidth - current.offsetWidth) / 2;
  }, [place]);
  return tabs;
}

import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';

/** Every path to a text; functions count as texts. */
function pathsOf(texts: object, prefix = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? pathsOf(value, `${prefix}${key}.`) : [`${prefix}${key}`]);
}

function wordsOf(texts: object): string[] {
  return Object.values(texts).flatMap((value) => {
    if (typeof value === 'string') return [value];
    return typeof value === 'object' && value !== null ? wordsOf(value) : [];
  });
}

describe('the texts', () => {
  it('are the same in every language', () => {
    expect(pathsOf(de).sort()).toEqual(pathsOf(en).sort());
  });

  it.each([['English', en], ['German', de]] as const)('are all there in %s, and calm', (_, texts) => {
    for (const words of wordsOf(texts)) {
      expect(words.trim()).not.toBe('');
      expect(words).not.toContain('!');
    }
  });

  it('are translated', () => {
    const same = ['Thunderline', 'Offline', 'Chat', 'Board', 'QR'];
    const untranslated = wordsOf(en.landing).filter((words) => wordsOf(de.landing).includes(words) && !same.includes(words));
    expect(untranslated).toEqual([]);
  });
});

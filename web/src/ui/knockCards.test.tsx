import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { Knock } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { KnockCards } from './KnockCards';

const html = (...names: string[]): string => {
  const knocks = createStore<readonly Knock[]>(names.map((name, at) => ({ sub: name, name, since: at })));
  return renderToStaticMarkup(<KnockCards session={{ knocks, admit() {}, decline() {} }} />);
};
const count = (text: string, part: string): number => text.split(part).length - 1;

describe('those who knock', () => {
  it('leave nothing on the page while there are none, but a place from which they are announced', () => {
    expect(html()).toContain('role="status"');
    expect(html()).not.toContain('data-testid="knocks"');
  });

  it('are asked about by name', () => {
    const one = html('Ann');
    expect(count(one, 'Ann wants to come in')).toBe(2);
    expect(one).toContain('aria-label="Let Ann in"');
    expect(one).toContain('aria-label="Do not let Ann in"');
    expect(one).not.toContain('Let all in');
  });

  it('are stacked, the first three with their names, and can be let in together', () => {
    const many = html('Ann', 'Bob', 'Cy', 'Di', 'Ed');
    expect(count(many, 'data-testid="knock"')).toBe(3);
    expect(many).toContain('5 people want to come in');
    expect(many).toContain('and 2 more');
    expect(many).toContain('Let all in');
  });
});

import { renderToStaticMarkup } from 'react-dom/server';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import type { Person, RoomSession } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { Avatars } from './Avatars';
import { PeoplePanel } from './PeoplePanel';
import { presumedPerson } from './signalMessages';

const me = presumedPerson({ session: 's0', sub: 'me', name: 'Mia', role: 'owner', color: '#1c7ed6', since: 1e15 });
const others = ['Ann Lee', 'Bob', 'Cy', 'Di', 'Ed', 'Flo', '<Gus>'].map((name, at) => (
  presumedPerson({ session: `s${at + 1}`, sub: `u${at}`, name, role: 'member', color: '#e8590c', since: 1e15 + at + 1 })
));

/** The parts of a session that people are shown from. */
function sessionOf(people: readonly Person[], onBoard: readonly Person[] = people): RoomSession {
  const awareness = new Awareness(new Y.Doc());
  onBoard.forEach(({ sub: id, name, color }, at) => awareness.states.set(at + 1, { user: { id, name, color } }));
  awareness.destroy();
  onBoard.forEach(({ sub: id, name, color }, at) => awareness.states.set(at + 1, { user: { id, name, color } }));
  return {
    roster: createStore(people), me: createStore(me), generation: createStore(0), whiteboard: { awareness },
  } as unknown as RoomSession;
}

const nobody = (): void => {};
const count = (html: string, text: string): number => html.split(text).length - 1;

describe('the avatars', () => {
  it('show the first of the others, how many more there are, and oneself', () => {
    const html = renderToStaticMarkup(<Avatars session={sessionOf([me, ...others])} following={null} onFollow={nobody} />);
    expect(count(html, 'data-testid="avatar"')).toBe(6);
    expect(html).toContain('aria-label="Follow Ann Lee"');
    expect(html).toContain('title="Ann Lee"');
    expect(html).toContain('>AL<');
    expect(html).toContain('aria-label="2 more people: Flo, &lt;Gus&gt;"');
    expect(html).toContain('Mia (you)');
  });

  it('keep whom one follows in sight', () => {
    const html = renderToStaticMarkup(<Avatars session={sessionOf([me, ...others])} following="u5" onFollow={nobody} />);
    expect(count(html, 'data-testid="avatar"')).toBe(6);
    expect(html).toContain('aria-pressed="true"');
    expect(html).toContain('aria-label="Stop following Flo"');
    expect(html).toContain('aria-label="2 more people: Ed, &lt;Gus&gt;"');
  });

  it('say of somebody who is not on the board that he cannot be followed', () => {
    const html = renderToStaticMarkup(<Avatars session={sessionOf([me, others[0]!], [])} following={null} onFollow={nobody} />);
    expect(html).toContain('aria-label="Ann Lee is not on the board right now"');
    expect(html).toContain('aria-disabled="true"');
  });
});

describe('the panel', () => {
  it('lists each person once, oneself first', () => {
    const again = { ...others[0]!, session: 'other tab' };
    const html = renderToStaticMarkup(
      <PeoplePanel session={sessionOf([others[0]!, me, again])} following={null} onFollow={nobody} />,
    );
    expect(count(html, 'data-testid="person"')).toBe(2);
    expect(html.indexOf('Mia')).toBeLessThan(html.indexOf('Ann Lee'));
    expect(html).toContain(' (you)');
    expect(html).toContain('Owner');
    expect(html).toContain('2 pages open');
    expect(html).toContain('aria-label="Change your name"');
  });

  it('says in words who is away and whom one follows', () => {
    const html = renderToStaticMarkup(
      <PeoplePanel session={sessionOf([me, ...others.slice(0, 2)], [others[1]!])} following="u1" onFollow={nobody} />,
    );
    expect(html).toContain('>Away<');
    expect(html).toContain('Following');
    expect(html).toContain('aria-label="Stop following Bob"');
  });

  it('says what to do when nobody else is there, and what it does not know without the server', () => {
    expect(renderToStaticMarkup(<PeoplePanel session={sessionOf([me])} following={null} onFollow={nobody} />)).toContain('only one here');
    const substitute = sessionOf([{ ...me, since: 0 }]);
    expect(renderToStaticMarkup(<PeoplePanel session={substitute} following={null} onFollow={nobody} />)).toContain('Without the server');
  });
});

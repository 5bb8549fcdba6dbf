import { renderToStaticMarkup } from 'react-dom/server';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import type { Permission, Person, RoomSession } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { Avatars } from './Avatars';
import { Moderation } from './Moderation';
import { PeoplePanel } from './PeoplePanel';
import { presumedPerson } from './signalMessages';

const me = presumedPerson({ session: 's0', sub: 'me', name: 'Mia', role: 'owner', color: '#1c7ed6', since: 1e15 });
const others = ['Ann Lee', 'Bob', 'Cy', 'Di', 'Ed', 'Flo', '<Gus>'].map((name, at) => (
  presumedPerson({ session: `s${at + 1}`, sub: `u${at}`, name, role: 'member', color: '#e8590c', since: 1e15 + at + 1 })
));

/** The parts of a session that people are shown from. */
function sessionOf(
  people: readonly Person[], onBoard: readonly Person[] = people, mine: readonly Permission[] = me.permissions,
): RoomSession {
  const awareness = new Awareness(new Y.Doc());
  onBoard.forEach(({ sub: id, name, color }, at) => awareness.states.set(at + 1, { user: { id, name, color } }));
  awareness.destroy();
  onBoard.forEach(({ sub: id, name, color }, at) => awareness.states.set(at + 1, { user: { id, name, color } }));
  return {
    roster: createStore(people), me: createStore(me), generation: createStore(0), whiteboard: { awareness },
    permissions: createStore(new Set(mine)),
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

describe('a raised hand and what is on in the call', () => {
  const ann = { ...others[0]!, hand: true, media: { mic: true, camera: false, screen: true } };

  it('are said in words to everybody', () => {
    const html = renderToStaticMarkup(<PeoplePanel session={sessionOf([me, ann, others[1]!])} following={null} onFollow={nobody} />);
    expect(html).toContain('Hands up: Ann Lee');
    expect(html).toContain('Microphone on');
    expect(html).toContain('Shares the screen');
    expect(html).not.toContain('Camera on');
    expect(count(html, 'data-testid="hand"')).toBe(1);
  });

  it('are those of all pages of a person', () => {
    const quiet = { ...others[0]!, session: 'other tab', since: 2e15 };
    const html = renderToStaticMarkup(<PeoplePanel session={sessionOf([me, ann, quiet])} following={null} onFollow={nobody} />);
    expect(html).toContain('Microphone on');
    expect(html).toContain('Hands up: Ann Lee');
  });

  it('are seen on the circle, and read with the name', () => {
    const html = renderToStaticMarkup(<Avatars session={sessionOf([me, ann])} following={null} onFollow={nobody} />);
    expect(html).toContain('aria-label="Follow Ann Lee. Hand up"');
    expect(count(html, 'data-testid="avatar-hand"')).toBe(1);
  });

  it('are one’s own to raise', () => {
    const html = renderToStaticMarkup(<PeoplePanel session={sessionOf([{ ...me, hand: true }])} following={null} onFollow={nobody} />);
    expect(html).toMatch(/aria-pressed="true" aria-label="Raise hand"/);
  });
});

describe('what can be done with people', () => {
  const panel = (mine: readonly Permission[]): string => {
    const session = sessionOf([me, others[0]!], undefined, mine);
    return renderToStaticMarkup(
      <Moderation session={session}><PeoplePanel session={session} following={null} onFollow={nobody} /></Moderation>,
    );
  };

  it('is offered to those who moderate, for everybody but themselves, with those who are not here folded below', () => {
    const html = panel(['moderate']);
    expect(count(html, 'data-testid="person-menu"')).toBe(1);
    expect(html).toContain('aria-label="What can be done with Ann Lee"');
    expect(html).toContain('Not here now');
  });

  it('is not offered to others', () => {
    const html = panel(['draw', 'chat']);
    expect(html).not.toContain('person-menu');
    expect(html).not.toContain('Not here now');
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

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PresenceSender, collaboratorsOf } from './cursors';
import { matchingView } from './follow';
import { cursorColours, readPresence } from './presence';
import { isInView } from './viewMemory';

const user = { id: 'bob', name: 'Bob', color: '#e8590c' };

describe('what others say of themselves', () => {
  it.each([null, 5, [], {}, { user: 1 }, { user: { name: 'x' } }, { user: { id: 7 } }])('[HO4] is ignored when it is %j', (state) => {
    expect(readPresence(state)).toBeNull();
  });

  it('[HO4] keeps only what can be drawn', () => {
    const state = { user: { id: 'x', name: 'a'.repeat(500), color: 'url(javascript:1)' }, p: [NaN, 1], sel: [1, 'a'], v: [1, 2] };
    expect(readPresence(state)).toEqual({
      user: { id: 'x', name: 'a'.repeat(80), color: '#5d5d6b' }, p: null, b: 0, l: 0, sel: ['a'], v: null, f: null,
    });
  });

  it('becomes a cursor in their own colour; our own is left out', () => {
    const shown = collaboratorsOf(new Map<number, unknown>([[1, { user, p: [3, 4], b: 1, sel: ['e'] }], [2, { user }]]), 2);
    expect([...shown.values()]).toEqual([{
      id: 'bob', socketId: '1', username: 'Bob', color: { background: '#e8590c', stroke: '#1b1b1f' }, button: 'down',
      pointer: { x: 3, y: 4, tool: 'pointer', laserColor: '#e8590c' }, selectedElementIds: { e: true },
    }]);
  });

  it('is written in black or white, whichever can be read', () => {
    expect(cursorColours('#c92a2a', false)).toEqual({ background: '#c92a2a', letters: '#ffffff' });
    expect(cursorColours('#74b816', false)).toEqual({ background: '#74b816', letters: '#1b1b1f' });
  });

  it('looks the same through the filter of the dark theme', () => {
    const { background, letters } = cursorColours('#1c7ed6', true);
    const [r, g, b] = [1, 3, 5].map((at) => 0.93 - 0.86 * (parseInt(background.slice(at, at + 2), 16) / 255)) as [number, number, number];
    const shown = [-0.574 * r + 1.43 * g + 0.144 * b, 0.426 * r + 0.43 * g + 0.144 * b, 0.426 * r + 1.43 * g - 0.856 * b];
    [0x1c, 0x7e, 0xd6].forEach((value, i) => expect(Math.abs(shown[i]! - value / 255)).toBeLessThan(0.12));
    expect(letters).toBe('#ffffff'); // shown black
  });
});

describe('our own state', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function sender() {
    const awareness = new Awareness(new Y.Doc());
    clearInterval((awareness as unknown as { _checkInterval: ReturnType<typeof setInterval> })._checkInterval);
    const sent: unknown[] = [];
    awareness.on('update', () => sent.push(awareness.getLocalState()));
    return { out: new PresenceSender(awareness), sent, awareness };
  }

  it('[PR1] is sent at most every 50 ms, the latest only', () => {
    const { out, sent } = sender();
    for (let i = 0; i < 100; i++) {
      out.set({ p: [i, i] });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    expect(sent.length).toBeGreaterThan(15);
    expect(sent.length).toBeLessThanOrEqual(21);
    expect(sent.at(-1)).toEqual({ p: [99, 99] });
  });

  it('[PR1] is thinned while a stroke shows the pen, and told at once when it ends', () => {
    const { out, sent } = sender();
    out.setDrawing(true);
    for (let i = 0; i < 100; i++) {
      out.set({ p: [i, i] });
      vi.advanceTimersByTime(10);
    }
    expect(sent.length).toBeLessThanOrEqual(5);
    out.setDrawing(false);
    vi.advanceTimersByTime(50);
    expect(sent.at(-1)).toEqual({ p: [99, 99] });
  });

  it('[PR1] is not sent when nothing differs, and keeps what others put there', () => {
    const { out, sent, awareness } = sender();
    awareness.setLocalState({ user, typing: true });
    sent.length = 0;
    out.set({ p: null });
    vi.advanceTimersByTime(60);
    expect(sent).toEqual([]);
    out.set({ p: [1, 2] });
    vi.advanceTimersByTime(60);
    expect(sent).toEqual([{ user, typing: true, p: [1, 2] }]);
  });
});

it('says who we are again after the provider had cleared the state', () => {
  vi.useFakeTimers();
  const awareness = new Awareness(new Y.Doc());
  const out = new PresenceSender(awareness);
  out.set({ user });
  vi.advanceTimersByTime(60);
  awareness.setLocalState(null);
  out.set({ p: [1, 2] });
  vi.advanceTimersByTime(60);
  expect(awareness.getLocalState()).toEqual({ user, p: [1, 2] });
  awareness.destroy();
  vi.useRealTimers();
});

describe('following', () => {
  it('[PR2] shows the same part in a window of the same size', () => {
    expect(matchingView([-100, 50, 2, 800, 600], 800, 600)).toEqual({ scrollX: -100, scrollY: 50, zoom: 2 });
  });

  it('keeps the centre and shows all of it in a smaller window', () => {
    const { scrollX, scrollY, zoom } = matchingView([0, 0, 1, 1000, 800], 500, 800);
    expect(zoom).toBe(0.5);
    expect([500 / 2 / zoom - scrollX, 800 / 2 / zoom - scrollY]).toEqual([500, 400]);
  });

  it('stays within the zoom that Excalidraw can show', () => {
    expect(matchingView([0, 0, 1e9, 100, 100], 100, 100).zoom).toBe(30);
  });
});

it('knows whether a shape would be in view', () => {
  const view = { scrollX: 0, scrollY: 0, zoom: 2 };
  expect(isInView({ x: 390, y: 0, width: 5, height: 5 }, view, 800, 600)).toBe(true);
  expect(isInView({ x: 401, y: 0, width: 5, height: 5 }, view, 800, 600)).toBe(false);
  expect(isInView({ x: -10, y: 0, width: 5, height: 5 }, view, 800, 600)).toBe(false);
});

import { describe, expect, it } from 'vitest';
import { indexAt, RANGES, scaleOf, stepLine, timeMarks, windowOf, xOf, yOf } from './chart';

const frame = { width: 136, height: 120, left: 36, right: 0, top: 10, bottom: 10 };

describe('the window of a chart', () => {
  it('begins and ends on whole steps and holds the present one', () => {
    for (const range of Object.values(RANGES)) {
      const now = 1_790_000_123_456_789;
      const { since, until, step } = windowOf(range, now);
      expect([since % step, until % step, until - since]).toEqual([0, 0, range.span]);
      expect(until - step).toBeLessThanOrEqual(now);
      expect(until).toBeGreaterThan(now);
    }
  });

  it('stays where it is within a step', () => {
    const { step } = RANGES.hour;
    expect(windowOf(RANGES.hour, 100 * step)).toEqual(windowOf(RANGES.hour, 101 * step - 1));
  });

  it('never asks for more points than a server gives', () => {
    for (const { span, step } of Object.values(RANGES)) expect(span / step).toBeLessThanOrEqual(200);
  });
});

describe('the scale', () => {
  it.each([[0, 1], [1, 1], [3, 3], [7, 8], [23, 30], [101, 150], [4_000, 4_000]])('of %i goes to %i', (peak, top) => {
    const scale = scaleOf(peak);
    expect(scale.top).toBe(top);
    expect(scale.top).toBeGreaterThanOrEqual(peak);
    expect(scale.marks.length).toBeLessThanOrEqual(6);
    expect(scale.marks.every(Number.isInteger)).toBe(true);
  });
});

describe('the line', () => {
  it('holds each value until the next instant', () => {
    const points = [{ at: 0, people: 0, sessions: 0 }, { at: 10, people: 2, sessions: 3 }];
    const line = stepLine(points, ({ people }) => people, { since: 0, until: 20, step: 10 }, 2, frame);
    expect(line).toBe('M36 110H86L86 10H136');
  });

  it('ends with the window', () => {
    expect(xOf(20, 0, 20, frame)).toBe(136);
    expect([yOf(0, 4, frame), yOf(4, 4, frame)]).toEqual([110, 10]);
  });

  it('finds the point under the pointer, also at the edges', () => {
    expect([-5, 36, 85, 87, 500].map((x) => indexAt(x, 2, frame))).toEqual([0, 0, 0, 1, 1]);
  });
});

describe('the marks of time', () => {
  it('are few, in order and inside', () => {
    for (const { span } of Object.values(RANGES)) {
      const since = 1_790_000_000_000_000;
      const marks = timeMarks(since, since + span, 500);
      expect(marks.length).toBeGreaterThan(0);
      expect(marks.length).toBeLessThanOrEqual(8);
      expect(marks.every((at) => at >= since && at < since + span)).toBe(true);
      expect([...marks].sort((a, b) => a - b)).toEqual(marks);
    }
  });
});

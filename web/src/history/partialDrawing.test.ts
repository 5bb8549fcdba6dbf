import { describe, expect, it } from 'vitest';
import type { SceneElement } from '../whiteboard/schema';
import type { Bounds } from './hit';
import { type Drawn, PartialDrawing, merged } from './partialDrawing';

const box = (id: string, x: number, y: number, more: object = {}): SceneElement =>
  ({ id, type: 'rectangle', version: 1, versionNonce: 1, isDeleted: false, index: id, x, y, width: 10, height: 10, ...more });

/** A canvas that remembers what it is cut to. */
function canvasOf(): { canvas: HTMLCanvasElement; cuts: Bounds[] } {
  const cuts: Bounds[] = [];
  const nothing = (): void => {};
  const context = {
    save: nothing, restore: nothing, setTransform: nothing, beginPath: nothing, clip: nothing,
    rect: (x: number, y: number, width: number, height: number) => void cuts.push([x, y, x + width, y + height]),
  };
  return { canvas: { width: 1000, height: 800, getContext: () => context } as unknown as HTMLCanvasElement, cuts };
}

describe('[RE9] a board of which a part changed', () => {
  const { canvas, cuts } = canvasOf();
  const appState = { scrollX: 0, scrollY: 0, zoom: { value: 1 }, width: 1000, height: 800, theme: 'light' };
  const renderConfig = { imageCache: new Map<string, { image: unknown }>() };
  const drawing = new PartialDrawing(({ x, y, width, height }) => [x, y, x + width, y + height]);
  const shown = (elements: readonly SceneElement[], change: Partial<Drawn> = {}): string[] => {
    const told: string[] = [];
    const draw = ({ visibleElements }: Drawn): void => void told.push(visibleElements.map(({ id }) => id).join());
    drawing.draw(draw, { canvas, scale: 1, visibleElements: elements, appState, renderConfig, ...change }, false);
    return told;
  };
  const [a, b, c] = [box('a', 100, 100), box('b', 150, 100), box('c', 700, 600)];

  it('is drawn where it changed, with all that reaches there', () => {
    expect(shown([a, b, c])).toEqual(['a,b,c']);
    expect(shown([box('a', 101, 100), b, c])).toEqual(['a,b']);
    expect(cuts.at(-1)).toEqual([42, 42, 169, 168]);
    expect(shown([b, c])).toEqual(['b']);
    expect(shown([b])).toEqual(['']);
    expect(shown([a, b, c])).toEqual(['a,b', 'c']);
  });

  it('is drawn as a whole where anything else changed, or nothing did', () => {
    expect(shown([a, b, c])).toEqual(['a,b,c']);
    expect(shown([box('a', 1, 1), b, c], { appState: { ...appState, theme: 'dark' } })).toEqual(['a,b,c']);
    shown([a, b, c]);
    expect(shown([b, a, c, box('d', 1, 1)])).toEqual(['b,a,c,d']);
    drawing.forget();
    expect(shown([b, a, c])).toEqual(['b,a,c']);
    renderConfig.imageCache.set('picture', { image: 1 });
    expect(shown([a, c])).toEqual(['a,c']);
    expect(shown([c, box('f', 0, 0, { type: 'frame' })])).toEqual(['c,f']);
    expect(shown([c, box('f', 0, 0, { width: 900, height: 700 })])).toEqual(['c,f']);
  });

  it('is drawn as a whole where the editor empties the canvas each time, because its size is no whole number', () => {
    const fraction = { appState: { ...appState, height: 800.4 } };
    shown([a, b, c], fraction);
    expect(shown([box('a', 101, 100), b, c], fraction)).toEqual(['a,b,c']);
    shown([a, b, c], { scale: 1.5 });
    expect(shown([box('a', 101, 100), b, c], { scale: 1.5 })).toEqual(['a,b,c']);
  });

  it('has words drawn by what they stand in', () => {
    const words = box('words', 400, 300, { type: 'text', containerId: 'far' });
    const [far, next] = [box('far', 0, 0), box('next', 400, 320)];
    shown([far, words, next]);
    expect(shown([far, words])).toEqual(['far,words']);
  });

  it('cuts nothing twice', () => {
    expect(merged([[0, 0, 4, 4], [10, 0, 14, 4], [3, 0, 11, 2], [20, 20, 21, 21]])).toEqual([[0, 0, 14, 4], [20, 20, 21, 21]]);
    expect(merged([[0, 0, 4, 4], [4, 0, 8, 4]])).toEqual([[0, 0, 4, 4], [4, 0, 8, 4]]);
  });
});

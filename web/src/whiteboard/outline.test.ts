import * as Y from 'yjs';
import { expect, it } from 'vitest';
import { FakeEditor, newElement, seeded } from './fakeEditor';
import { outlineOf } from './outline';
import { elementsOf } from './schema';

function boardWith(...elements: ReturnType<typeof newElement>[]): Y.Doc {
  const editor = new FakeEditor(new Y.Doc(), seeded(1));
  for (const element of elements) editor.add(element);
  editor.flush();
  return editor.doc;
}

const text = (id: string, words: string, containerId: string | null = null) => newElement(id, {
  type: 'text', text: words, originalText: words, containerId, fontSize: 20, fontFamily: 5, textAlign: 'left', verticalAlign: 'top',
  autoResize: true, lineHeight: 1.25,
} as never);

it('names shapes by their labels, in z-order, and what arrows connect', () => {
  const doc = boardWith(
    newElement('r'), text('l', 'Start\nhere', 'r'),
    newElement('e', { type: 'ellipse' }), text('m', 'End', 'e'),
    newElement('a', {
      type: 'arrow', points: [[0, 0], [9, 9]], startBinding: { elementId: 'r', focus: 0, gap: 1 },
      endBinding: { elementId: 'e', focus: 0, gap: 1 }, startArrowhead: null, endArrowhead: 'arrow', elbowed: false,
    } as never),
    text('t', 'alone'),
    newElement('f', { customData: { asset: { sha256: '0', file_name: 'plan.pdf' } } } as never),
  );
  expect(outlineOf(doc)).toEqual([
    { id: 'r', kind: 'rectangle', text: 'Start here' },
    { id: 'e', kind: 'ellipse', text: 'End' },
    { id: 'a', kind: 'arrow', text: '', from: 'Start here', to: 'End' },
    { id: 't', kind: 'text', text: 'alone' },
    { id: 'f', kind: 'file', text: 'plan.pdf' },
  ]);
});

it('leaves out what is deleted or unknown, and survives hostile values', () => {
  const doc = boardWith(newElement('gone'), newElement('odd'), newElement('r'));
  elementsOf(doc).get('gone')!.set('isDeleted', true);
  elementsOf(doc).get('odd')!.set('type', 'iframe');
  elementsOf(doc).get('r')!.set('customData', [1]);
  (doc.getMap('elements') as Y.Map<unknown>).set('n', 1);
  expect(outlineOf(doc)).toEqual([{ id: 'r', kind: 'rectangle', text: '' }]);
});

it('keeps a label whose shape is gone', () => {
  const doc = boardWith(newElement('r'), text('l', 'left over', 'r'));
  elementsOf(doc).get('r')!.set('isDeleted', true);
  expect(outlineOf(doc)).toEqual([{ id: 'l', kind: 'text', text: 'left over' }]);
});

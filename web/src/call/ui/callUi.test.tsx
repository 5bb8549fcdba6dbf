import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { Permission } from '../../sync/types';
import { createStore } from '../../sync/valueStore';
import { en } from '../../ui/texts/en';
import { MediaButton } from './MediaButton';
import { Problems } from './PreviewDialog';
import { testCall, tileOf } from './testCall';
import { foremost, Tiles, wordsOf } from './Tiles';

const allowed = (...rights: Permission[]) => ({ permissions: createStore<ReadonlySet<Permission>>(new Set(rights)) });

describe('the buttons of the call', () => {
  it('say why they cannot be used', () => {
    const html = renderToStaticMarkup(<MediaButton call={testCall()} session={allowed()} kind="screen" />);
    expect(html).toContain('aria-disabled="true"');
    expect(html).toContain(en.call.mayNot.screen);
  });

  it('say what they do next', async () => {
    const call = testCall();
    await call.turn('mic', true);
    const html = renderToStaticMarkup(<MediaButton call={call} session={allowed('voice')} kind="mic" />);
    expect(html).toContain(`aria-label="${en.call.turnOff.mic}"`);
  });
});

describe('the preview', () => {
  it('tells in words what is wrong with a device', () => {
    const call = testCall();
    call.local.set({ ...call.local.get(), camera: { kind: 'failed', problem: 'busy' } });
    expect(renderToStaticMarkup(<Problems call={call} />)).toContain(en.call.problems.busy);
  });
});

describe('the tiles', () => {
  it('tell in words what they show', () => {
    const tile = tileOf('Ann', { mic: false, hand: true, quality: { kind: 'bad', reason: 'loss' } });
    const { muted, hand, quality, reasons } = en.call;
    expect(wordsOf(tile, en.call)).toBe(`Ann, ${muted}, ${hand}, ${quality.bad}: ${reasons.loss}`);
  });

  it('put a screen before who speaks, and that before the others', () => {
    const [me, ann, bob] = [tileOf('me', { isMe: true }), tileOf('ann'), tileOf('bob')];
    const screen = tileOf('ann', { id: 'ann/screen', kind: 'screen' });
    expect(foremost([me, ann, bob, screen], 'bob')).toBe(screen);
    expect(foremost([me, ann, bob], 'bob')).toBe(bob);
    expect(foremost([me, ann, bob], 'me')).toBe(ann);
  });

  it('mark who speaks', () => {
    const call = testCall();
    call.tiles.set([tileOf('ann', { isSpeaking: true })]);
    expect(renderToStaticMarkup(<Tiles call={call} layout="grid" />)).toContain('data-speaking="true"');
  });
});

import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { findLinks } from './links';
import { MessageText, isOnlyEmoji } from './MessageText';

const hrefs = (text: string): string[] => findLinks(text).flatMap(({ href }) => href ?? []);

it('finds the addresses of pages and mails, without the sentence around them', () => {
  expect(hrefs('see https://a.example/x?y=1#z, or (http://b.example/w_(x)).')).toEqual(['https://a.example/x?y=1#z', 'http://b.example/w_(x)']);
  expect(hrefs('“https://a.example/”')).toEqual(['https://a.example/']);
  expect(hrefs('www.c.example!')).toEqual(['https://www.c.example/']);
  expect(hrefs('write mailto:ann@a.example?subject=x')).toEqual(['mailto:ann@a.example?subject=x']);
  expect(hrefs('HTTPS://A.example')).toEqual(['https://a.example/']);
});

it('makes nothing else a link', () => {
  for (const text of [
    'javascript:alert(1)', 'JaVaScRiPt:https://a.example', 'data:text/html,<b>', 'vbscript:x', 'file:///etc/passwd',
    'blob:https://a.example/1', 'view-source:https://a.example', 'https://', 'http://:80', 'mailto:nobody', 'ftp://a.example',
    'https://bank.example@evil.example/', 'https://user:secret@evil.example/', 'https://a.example/\u202egpj.exe',
    'https://a.example/\u200bx', `https://a.example/${'x'.repeat(3_000)}`, 'https://[bad', 'nothttps://a.example',
  ]) expect(hrefs(text), text).toEqual([]);
});

it('loses no character of the text', () => {
  for (const text of ['', 'plain', 'a https://a.example/ b', 'https://a.example/.,.', 'x\nhttps://a.example\n\ny', 'https://a@b https://c.example']) {
    expect(findLinks(text).map((piece) => piece.text).join('')).toBe(text);
  }
});

it('takes a time that grows with the text only, whatever is in it', () => {
  const started = performance.now();
  for (const text of ['https://'.repeat(2_500), `https://${')'.repeat(19_000)}`, 'www.'.repeat(5_000), `https://a.example/${'(.'.repeat(9_000)}`]) findLinks(text);
  expect(performance.now() - started).toBeLessThan(1_000);
});

it('draws hostile text as text, and links that give nothing away', () => {
  const html = renderToStaticMarkup(<MessageText text={'<img src=x onerror=alert(1)> https://a.example/"onclick="x <https://b.example>'} />);
  expect(html).not.toContain('<img');
  expect(html).toContain('<a href="https://a.example/" target="_blank" rel="noopener noreferrer">');
  expect(html.match(/<a /g)).toHaveLength(2);
});

it('shows up to three emojis large', () => {
  for (const text of ['👍', '❤️ 🎉', '👩‍👩‍👧', '🇩🇪🇫🇷']) expect(isOnlyEmoji(text), text).toBe(true);
  for (const text of ['', '1', 'ok 👍', '👍👍👍👍', '#']) expect(isOnlyEmoji(text), text).toBe(false);
});

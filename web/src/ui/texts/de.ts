/** German texts: same keys as `en.ts`. */
import type { Texts } from '.';

export const de: Texts = {
  shell: {
    app: 'Thunderline',
  },
  landing: {
    newRoom: 'Neuer Raum',
  },
  board: {
    empty: 'Zeichne irgendwo los. Alle im Raum sehen es wie du.',
    emptyViewOnly: 'Hier ist noch nichts gezeichnet.',
    download: (name: string, size: string) => `${name} herunterladen (${size})`,
    fileTooLarge: (most: string) => `Diese Datei wurde nicht hinzugefügt: Dateien dürfen bis zu ${most} haben.`,
    fileUnavailable: 'Diese Datei ist gerade nicht verfügbar. Vielleicht liegt sie noch auf dem Gerät, von dem sie stammt.',
    fileRefused: (name: string, reason: string) => `${name} bleibt nur auf diesem Gerät. ${reason}`,
    outline: 'Was auf dem Board ist',
    outlineEmpty: 'Das Board ist leer.',
    outlineCount: (count: number) => (count === 1 ? '1 Element, unterstes zuerst' : `${count} Elemente, unterstes zuerst`),
    outlineMore: (count: number) => `und ${count} weitere`,
    connects: (from: string, to: string) => `von ${from} zu ${to}`,
    nothing: 'nichts',
    kinds: {
      rectangle: 'Rechteck', diamond: 'Raute', ellipse: 'Ellipse', arrow: 'Pfeil', line: 'Linie', freedraw: 'Zeichnung',
      text: 'Text', image: 'Bild', frame: 'Rahmen', embeddable: 'Webseite', file: 'Datei',
    },
  },
  chat: {},
  people: {},
};

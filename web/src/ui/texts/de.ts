/** German texts: same keys as `en.ts`. */
import type { Texts } from '.';

export const de: Texts = {
  shell: {
    app: 'Thunderline',
  },
  landing: {
    newRoom: 'Neuer Raum',
  },
  board: {},
  chat: {},
  people: {},
};

/** English texts, by part of the page. `de.ts` has the same keys; the compiler and a test keep it so. */
export const en = {
  shell: {
    app: 'Thunderline',
  },
  landing: {
    newRoom: 'New room',
  },
  board: {},
  chat: {},
  people: {},
};

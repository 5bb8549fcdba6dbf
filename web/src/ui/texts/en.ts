/** English texts, by part of the page. `de.ts` has the same keys; the compiler and a test keep it so. */
export const en = {
  shell: {
    app: 'Thunderline',
  },
  landing: {
    newRoom: 'New room',
  },
  board: {
    empty: 'Draw anywhere. Everyone in this room sees it as you do.',
    emptyViewOnly: 'Nothing has been drawn yet.',
    download: (name: string, size: string) => `Download ${name} (${size})`,
    fileTooLarge: (most: string) => `This file was not added: files may have up to ${most}.`,
    fileUnavailable: 'This file is not available right now. It may still be on the device of whoever added it.',
    fileRefused: (name: string, reason: string) => `${name} is kept on this device only. ${reason}`,
    outline: 'What is on the board',
    outlineEmpty: 'The board is empty.',
    outlineCount: (count: number) => (count === 1 ? '1 item, lowest first' : `${count} items, lowest first`),
    outlineMore: (count: number) => `and ${count} more`,
    connects: (from: string, to: string) => `from ${from} to ${to}`,
    nothing: 'nothing',
    kinds: {
      rectangle: 'Rectangle', diamond: 'Diamond', ellipse: 'Ellipse', arrow: 'Arrow', line: 'Line', freedraw: 'Drawing',
      text: 'Text', image: 'Image', frame: 'Frame', embeddable: 'Web page', file: 'File',
    },
  },
  chat: {},
  people: {},
};

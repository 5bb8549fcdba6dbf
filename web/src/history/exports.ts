/** A moment of the board as a file: for Excalidraw, as a drawing, as a picture. */
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import { download } from '../ui/refusedFiles';
import type { SceneElement } from '../whiteboard/schema';

export type Format = 'excalidraw' | 'svg' | 'png';

const PADDING = 16;
const SCALE = 2;

/** @param name Of the file, without its ending. */
export async function saveMoment(
  api: ExcalidrawImperativeAPI, elements: readonly SceneElement[], format: Format, name: string,
): Promise<void> {
  download({ name: `${fileNameOf(name)}.${format}`, blob: await fileOf(api, elements, format) });
}

export const fileNameOf = (name: string): string => name.replace(/[^\p{L}\p{N} ._-]+/gu, '-').trim();

async function fileOf(api: ExcalidrawImperativeAPI, elements: readonly SceneElement[], format: Format): Promise<Blob> {
  const { exportToBlob, exportToSvg, serializeAsJSON } = await import('@excalidraw/excalidraw');
  const drawn = elements as unknown as Parameters<typeof exportToSvg>[0]['elements'];
  const files = api.getFiles();
  const appState = { exportBackground: true, viewBackgroundColor: '#ffffff' };
  switch (format) {
    case 'excalidraw':
      return new Blob([serializeAsJSON(drawn, api.getAppState(), files, 'local')], { type: 'application/json' });
    case 'svg': {
      const svg = await exportToSvg({ elements: drawn, files, appState, exportPadding: PADDING });
      return new Blob([new XMLSerializer().serializeToString(svg)], { type: 'image/svg+xml' });
    }
    case 'png':
      return exportToBlob({ elements: drawn, files, appState: { ...appState, exportScale: SCALE }, exportPadding: PADDING, mimeType: 'image/png' });
  }
}

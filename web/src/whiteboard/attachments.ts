/** Files that are no images lie on the board as cards; a click on the card's link, or the button below, downloads them. */
import { CaptureUpdateAction, convertToExcalidrawElements } from '@excalidraw/excalidraw';
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type { AssetRef } from './assets';
import { isPlainObject } from './renderable';
import { isSha256 } from './sha256';

const CARD = { width: 260, height: 64, gap: 16 } as const;
/** Formats that Excalidraw shows as images, or opens as drawings, by itself. */
const EDITOR_TYPES = new Set([
  'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp', 'image/svg+xml', 'image/x-icon',
]);

/** Opened into shapes: nothing of it is stored as a file. */
export const isDrawing = (file: File): boolean => file.name.endsWith('.excalidraw');

export const isForEditor = (file: File): boolean => EDITOR_TYPES.has(file.type) || isDrawing(file);

export function attachmentOf(element: { readonly customData?: unknown } | undefined): AssetRef | null {
  const asset = isPlainObject(element?.customData) ? element.customData['asset'] : null;
  if (!isPlainObject(asset) || !isSha256(asset['sha256'])) return null;
  return {
    sha256: asset['sha256'],
    file_name: String(asset['file_name'] ?? 'file').slice(0, 200),
    mime_type: String(asset['mime_type'] ?? ''),
    size: Number(asset['size']) || 0,
  };
}

/** One card for each file, below each other from `at` (scene coordinates), selected, as one step of undo. */
export function insertAttachments(
  api: ExcalidrawImperativeAPI, room: string, assets: readonly AssetRef[], at: { x: number; y: number },
): void {
  const cards = convertToExcalidrawElements(assets.map((asset, i) => ({
    type: 'rectangle' as const,
    x: at.x,
    y: at.y + i * (CARD.height + CARD.gap),
    width: CARD.width,
    height: CARD.height,
    strokeColor: '#495057',
    backgroundColor: '#f1f3f5',
    fillStyle: 'solid' as const,
    strokeWidth: 1,
    roughness: 0,
    roundness: { type: 3 as const },
    link: `/r/${room}#asset=${asset.sha256}`,
    customData: { asset: { ...asset } },
    label: { text: `${shorten(asset.file_name)}\n${readableSize(asset.size)}`, fontSize: 16, fontFamily: 2 },
  })));
  api.updateScene({
    elements: [...api.getSceneElementsIncludingDeleted(), ...cards],
    appState: { selectedElementIds: Object.fromEntries(cards.map(({ id }) => [id, true as const])) },
    captureUpdate: CaptureUpdateAction.IMMEDIATELY,
  });
}

/** Excalidraw takes one file a drop: hand it each image by itself, a little apart. */
export function dropImages(target: Element, files: readonly File[], clientX: number, clientY: number): void {
  files.forEach((file, i) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(file);
    const at = { clientX: clientX + i * 32, clientY: clientY + i * 32 };
    target.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true, ...at }));
  });
}

function shorten(name: string): string {
  return name.length <= 30 ? name : `${name.slice(0, 18)}…${name.slice(-10)}`;
}

export function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

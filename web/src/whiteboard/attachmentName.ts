/** The name of the file that an element stands for, or null. Apart from `attachments.ts`, which needs the editor. */
import { isPlainObject } from './renderable';

export function attachmentNameOf(customData: unknown): string | null {
  const asset = isPlainObject(customData) ? customData['asset'] : null;
  return isPlainObject(asset) && typeof asset['file_name'] === 'string' ? asset['file_name'] : null;
}

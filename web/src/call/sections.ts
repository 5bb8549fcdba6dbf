/** The sections of every description in a call, in their order, and what belongs to each. */
import { MEDIA_NEEDS } from '../sync/permissions';
import type { MediaKind, Permission } from '../sync/types';

export interface Section {
  readonly kind: 'audio' | 'video';
  /** What of a person goes through it. */
  readonly media: MediaKind;
  /** What it takes to send it. */
  readonly need: Permission;
}

export const MICROPHONE = 0;
export const CAMERA = 1;
export const SCREEN = 2;
export const SCREEN_SOUND = 3;

export const SECTIONS: readonly Section[] = [
  { kind: 'audio', media: 'mic', need: MEDIA_NEEDS.mic },
  { kind: 'video', media: 'camera', need: MEDIA_NEEDS.camera },
  { kind: 'video', media: 'screen', need: MEDIA_NEEDS.screen },
  { kind: 'audio', media: 'screen', need: MEDIA_NEEDS.screen },
];

/** Which way a section goes. */
export function directionOf(sends: boolean, receives: boolean): RTCRtpTransceiverDirection {
  if (sends) return receives ? 'sendrecv' : 'sendonly';
  return receives ? 'recvonly' : 'inactive';
}

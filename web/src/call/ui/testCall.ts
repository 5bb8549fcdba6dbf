/** For tests: a call without devices and connections, whose stores the test sets. */
import type { MediaKind, Store } from '../../sync/types';
import { createStore, type ValueStore } from '../../sync/valueStore';
import type { Call, Tile } from '../types';

type Settable<T> = { [K in keyof T]: T[K] extends Store<infer V> ? ValueStore<V> : T[K] };

export interface TestCall extends Settable<Call> {
  /** What was asked of the call, in order. */
  readonly asked: string[];
}

const OFF = { kind: 'off' } as const;

export function testCall(): TestCall {
  const asked: string[] = [];
  const local = createStore<ReturnType<Call['local']['get']>>({ mic: OFF, camera: OFF, screen: OFF });
  const set = (kind: MediaKind) => async (on: boolean): Promise<void> => {
    asked.push(`${kind} ${on}`);
    local.set({ ...local.get(), [kind]: on ? { kind: 'on', stream: {} as MediaStream } : OFF });
  };
  const state = createStore<ReturnType<Call['state']['get']>>({ kind: 'out' });
  const lowBandwidth = createStore(false);
  return {
    asked, state, local, lowBandwidth,
    inCall: createStore<readonly string[]>([]),
    devices: {
      list: createStore({ mics: [], cameras: [], speakers: [] }),
      chosen: createStore({}),
      choose: async () => void asked.push('choose'),
      level: createStore(0),
    },
    tiles: createStore<readonly Tile[]>([]),
    speaker: createStore<string | null>(null),
    mode: createStore<'mesh' | 'forwarder'>('mesh'),
    stats: createStore<ReturnType<Call['stats']['get']>>(new Map()),
    preview: async () => void asked.push('preview'),
    endPreview: () => void asked.push('endPreview'),
    join: async () => {
      asked.push('join');
      state.set({ kind: 'in' });
    },
    leave: () => {
      asked.push('leave');
      state.set({ kind: 'out' });
    },
    setMic: set('mic'), setCamera: set('camera'), setScreen: set('screen'),
    pushToTalk: (down) => void asked.push(`talk ${down}`),
    setLowBandwidth: (on) => lowBandwidth.set(on),
    setInView: () => {},
    testConnection: async (onResult) => onResult({ step: 'signaling', outcome: 'ok' }),
  };
}

export function tileOf(session: string, changes: Partial<Tile> = {}): Tile {
  return {
    id: session, session, kind: 'person', isMe: false, name: session, color: '#1c7ed6', mic: true, hasPicture: false, stream: null,
    isSpeaking: false, hand: false, connection: 'connected', quality: { kind: 'good' }, ...changes,
  };
}

/** For tests: a call without devices and connections, whose stores the test sets. */
import type { Store } from '../../sync/types';
import { createStore, type ValueStore } from '../../sync/valueStore';
import type { Call, CallState, DeviceChoice, LinkStats, LocalMedia, Tile } from '../types';

type Settable<T> = { [K in keyof T]: T[K] extends Store<infer V> ? ValueStore<V> : T[K] };

export interface TestCall extends Settable<Call> {
  /** What was asked of the call, in order. */
  readonly asked: string[];
}

const OFF = { kind: 'off' } as const;

export function testCall(): TestCall {
  const asked: string[] = [];
  const local = createStore<LocalMedia>({ mic: OFF, camera: OFF, screen: OFF });
  const state = createStore<CallState>({ kind: 'out' });
  const lowBandwidth = createStore(false);
  return {
    asked, state, local, lowBandwidth,
    inCall: createStore<readonly string[]>([]),
    devices: {
      list: createStore({ mic: [], camera: [], speaker: [] }),
      chosen: createStore<DeviceChoice>({}),
      choose: async () => void asked.push('choose'),
      level: createStore(0),
    },
    tiles: createStore<readonly Tile[]>([]),
    speaker: createStore<string | null>(null),
    mode: createStore<'mesh' | 'forwarder'>('mesh'),
    stats: createStore<ReadonlyMap<string, LinkStats>>(new Map()),
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
    turn: async (kind, on) => {
      asked.push(`${kind} ${on}`);
      local.set({ ...local.get(), [kind]: on ? { kind: 'on', stream: {} as MediaStream } : OFF });
    },
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

/** What one connection did since it was last asked, out of the browser's counters (webrtc-stats), and how good that is. */
import type { LinkStats, Quality } from './types';

interface Counters {
  at: number;
  sent: number;
  received: number;
  packets: number;
  lost: number;
}

/** Remembers the counters, so that each reading is about the time since the one before. */
export class StatsReader {
  private before: Counters | undefined;

  /** @returns null at the first time. */
  async read(connection: Pick<RTCPeerConnection, 'getStats'>): Promise<LinkStats | null> {
    const entries = [...(await connection.getStats()).values()] as Entry[];
    const now = countersOf(entries);
    const { before } = this;
    this.before = now;
    if (!before) return null;
    const seconds = (now.at - before.at) / 1000;
    const rate = (to: number, from: number): number => (seconds > 0 ? Math.max(0, (to - from) * 8) / seconds : 0);
    const lost = Math.max(0, now.lost - before.lost);
    const all = now.packets - before.packets + lost;
    const pair = entries.find((entry) => entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded');
    const local = entries.find(({ id }) => id === pair?.localCandidateId);
    return {
      up: rate(now.sent, before.sent), down: rate(now.received, before.received),
      roundTrip: pair?.currentRoundTripTime ?? null, jitter: jitterOf(entries), loss: all > 0 ? lost / all : null,
      relayed: local?.candidateType === 'relay', video: videoOf(entries),
    };
  }
}

/** The members that are read; each entry has those of its type. */
interface Entry {
  id: string;
  type: string;
  timestamp: number;
  kind?: string;
  nominated?: boolean;
  state?: string;
  localCandidateId?: string;
  currentRoundTripTime?: number;
  candidateType?: string;
  bytesSent?: number;
  bytesReceived?: number;
  packetsReceived?: number;
  packetsLost?: number;
  jitter?: number;
  frameWidth?: number;
  frameHeight?: number;
  framesPerSecond?: number;
}

function countersOf(entries: readonly Entry[]): Counters {
  const counters: Counters = { at: 0, sent: 0, received: 0, packets: 0, lost: 0 };
  for (const entry of entries) {
    counters.at = Math.max(counters.at, entry.timestamp);
    if (entry.type === 'transport') {
      counters.sent += entry.bytesSent ?? 0;
      counters.received += entry.bytesReceived ?? 0;
    } else if (entry.type === 'inbound-rtp') {
      counters.packets += entry.packetsReceived ?? 0;
      counters.lost += entry.packetsLost ?? 0;
    }
  }
  return counters;
}

/** Of the voice, which suffers most. */
function jitterOf(entries: readonly Entry[]): number | null {
  return entries.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio')?.jitter ?? null;
}

function videoOf(entries: readonly Entry[]): LinkStats['video'] {
  const videos = entries.filter(({ type, kind, framesPerSecond }) => type === 'inbound-rtp' && kind === 'video' && framesPerSecond);
  const areas = videos.map(({ frameWidth = 0, frameHeight = 0, framesPerSecond = 0 }) => ({ width: frameWidth, height: frameHeight, fps: framesPerSecond }));
  return areas.sort((a, b) => b.width * b.height - a.width * a.height)[0] ?? null;
}

/** By what people notice: ITU-T G.114 for the delay, lost voice from about 3 % on. */
const LIMITS = { fair: { loss: 0.03, delay: 0.25 }, bad: { loss: 0.1, delay: 0.5 } } as const;

export function qualityOf(stats: LinkStats | undefined, connection: 'connecting' | 'connected' | 'lost'): Quality {
  if (connection === 'lost') return { kind: 'lost' };
  if (connection === 'connecting' || !stats) return { kind: 'unknown' };
  for (const kind of ['bad', 'fair'] as const) {
    if ((stats.loss ?? 0) >= LIMITS[kind].loss) return { kind, reason: 'loss' };
    if ((stats.roundTrip ?? 0) >= LIMITS[kind].delay) return { kind, reason: stats.relayed ? 'relay' : 'delay' };
  }
  return { kind: 'good' };
}

/** Tells a person what of a call works from here, each step as soon as it is known. */
import type { ConnectionTestResult } from './types';

const PATIENCE_MS = 8_000;

export interface TestOptions {
  isSignaling: boolean;
  configuration: RTCConfiguration;
  onResult(result: ConnectionTestResult): void;
}

export async function testConnection({ isSignaling, configuration, onResult }: TestOptions): Promise<void> {
  onResult({ step: 'signaling', outcome: isSignaling ? 'ok' : 'failed' });
  onResult(await devicesResult());
  const direct: RTCConfiguration = { ...configuration, iceTransportPolicy: 'all' };
  onResult({ step: 'direct', outcome: (await connects(direct)) ? 'ok' : 'failed' });
  const hasRelay = configuration.iceServers?.some(({ urls }) => [urls].flat().some((url) => url.startsWith('turn'))) ?? false;
  if (!hasRelay) return onResult({ step: 'relay', outcome: 'absent' });
  onResult({ step: 'relay', outcome: (await connects({ ...configuration, iceTransportPolicy: 'relay' })) ? 'ok' : 'failed' });
}

/** Whether the browser would give any: nothing is switched on. */
async function devicesResult(): Promise<ConnectionTestResult> {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices) return { step: 'devices', outcome: 'failed', detail: 'insecure' };
  const kinds = new Set((await devices.enumerateDevices()).map(({ kind }) => kind));
  if (kinds.has('audioinput')) return { step: 'devices', outcome: 'ok' };
  return { step: 'devices', outcome: 'absent' };
}

/** Whether two connections of this page reach each other that way. */
async function connects(configuration: RTCConfiguration): Promise<boolean> {
  const [one, other] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  try {
    one.onicecandidate = ({ candidate }) => void other.addIceCandidate(candidate ?? undefined).catch(() => {});
    other.onicecandidate = ({ candidate }) => void one.addIceCandidate(candidate ?? undefined).catch(() => {});
    const channel = one.createDataChannel('test');
    const opened = new Promise<boolean>((resolve) => {
      channel.onopen = () => resolve(true);
      setTimeout(() => resolve(false), PATIENCE_MS);
    });
    await one.setLocalDescription();
    await other.setRemoteDescription(one.localDescription as RTCSessionDescription);
    await other.setLocalDescription();
    await one.setRemoteDescription(other.localDescription as RTCSessionDescription);
    return await opened;
  } catch {
    return false;
  } finally {
    one.close();
    other.close();
  }
}

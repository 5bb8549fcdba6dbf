/** Which microphone, camera and loudspeaker: those that the browser tells of. */
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call, DeviceKind } from '../types';

const DEVICES = ['mic', 'camera', 'speaker'] as const;

export function DevicePickers({ call }: { call: Call }) {
  const t = useTexts().call;
  const list = useStore(call.devices.list);
  const chosen = useStore(call.devices.chosen);
  const isThere = (kind: DeviceKind): boolean => list[kind].some(({ deviceId }) => deviceId === chosen[kind]);
  const choose = (kind: DeviceKind, id: string): Promise<void> => {
    const { [kind]: _, ...others } = chosen;
    return call.devices.choose(id ? { ...others, [kind]: id } : others);
  };
  const picker = (kind: DeviceKind) => list[kind].length > 0 && (
    <label key={kind} className="field">
      <span>{t[kind]}</span>
      <select className="input" value={isThere(kind) ? chosen[kind] : ''} onChange={(event) => void choose(kind, event.target.value)}>
        <option value="">{t.byDefault}</option>
        {list[kind].map(({ deviceId, label }, at) => <option key={deviceId} value={deviceId}>{label || `${t[kind]} ${at + 1}`}</option>)}
      </select>
    </label>
  );
  return <>{DEVICES.map(picker)}</>;
}

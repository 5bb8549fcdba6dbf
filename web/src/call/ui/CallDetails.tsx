/** Devices, bandwidth, and how the connections are: in figures, and as a test with advice. */
import { useState } from 'react';
import type { RoomSession } from '../../sync/types';
import { Toggle } from '../../ui/Toggle';
import { language, localeOf, useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call, ConnectionTestResult, LinkStats } from '../types';
import { DevicePickers } from './DevicePickers';

export function CallDetails({ call, session }: { call: Call; session: Pick<RoomSession, 'roster'> }) {
  const t = useTexts().call;
  const isLow = useStore(call.lowBandwidth);
  return (
    <div className="call-details" data-testid="call-details">
      <DevicePickers call={call} />
      <Toggle label={t.lowBandwidth} note={t.lowBandwidthNote} on={isLow} onChange={(on) => call.setLowBandwidth(on)} testId="call-low" />
      <h3>{t.people}</h3>
      <Connections call={call} session={session} />
      <ConnectionTest call={call} />
    </div>
  );
}

function Connections({ call, session }: { call: Call; session: Pick<RoomSession, 'roster'> }) {
  const t = useTexts().call;
  const stats = useStore(call.stats);
  const roster = useStore(session.roster);
  if (stats.size === 0) return <p className="muted small">{t.nothingMeasured}</p>;
  return (
    <ul className="call-connections">
      {[...stats].map(([id, one]) => (
        <li key={id}>
          <strong>{roster.find((person) => person.session === id)?.name ?? ''}</strong>
          <Figures stats={one} />
        </li>
      ))}
    </ul>
  );
}

function Figures({ stats }: { stats: LinkStats }) {
  const t = useTexts().call;
  const locale = localeOf(useStore(language));
  const number = (value: number, digits = 0): string => value.toLocaleString(locale, { maximumFractionDigits: digits });
  const milliseconds = (seconds: number | null): string | null => seconds === null ? null : `${number(seconds * 1000)} ms`;
  const { video } = stats;
  const rows: readonly (readonly [string, string | null])[] = [
    [t.up, `${number(stats.up / 1000)} kbit/s`],
    [t.down, `${number(stats.down / 1000)} kbit/s`],
    [t.roundTrip, milliseconds(stats.roundTrip)],
    [t.jitter, milliseconds(stats.jitter)],
    [t.loss, stats.loss === null ? null : `${number(stats.loss * 100, 1)} %`],
    [t.picture, video && `${video.width} × ${video.height}, ${number(video.fps)} fps`],
    [t.way, stats.relayed ? t.relayed : t.direct],
  ];
  return (
    <dl className="call-figures">
      {rows.map(([words, value]) => value !== null && <div key={words}><dt>{words}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

function ConnectionTest({ call }: { call: Call }) {
  const t = useTexts().call;
  const [results, setResults] = useState<readonly ConnectionTestResult[]>([]);
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setResults([]);
    setBusy(true);
    await call.testConnection((result) => setResults((before) => [...before, result]));
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="button" data-testid="call-test" aria-busy={isBusy} disabled={isBusy} onClick={() => void run()}>{t.test}</button>
      <ul className="call-test" role="status" data-testid="call-test-results">
        {results.map(({ step, outcome }) => (
          <li key={step} data-outcome={outcome}>
            {`${t.steps[step]}: ${t.outcomes[outcome]}`}
            {outcome === 'failed' && <span className="muted small"> {t.advice[step]}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** A link to read, select and copy. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTexts } from './texts';

const SHOWN_MS = 2_000;

export function CopyField({ label, value, testId }: { label: string; value: string; testId?: string }) {
  const t = useTexts().shell;
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    input.current?.select();
    setCopied(await copyText(value));
  };
  return (
    <div className="field">
      <span>{label}</span>
      <div className="row">
        <input
          ref={input}
          className="input"
          readOnly
          value={value}
          aria-label={label}
          data-testid={testId}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="button" aria-label={`${t.copy}: ${label}`} onClick={() => void copy()}>
          {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
          <span aria-live="polite">{copied ? t.copied : t.copy}</span>
        </button>
      </div>
    </div>
  );
}

/** The clipboard's API needs TLS; the older way copies what is selected. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}

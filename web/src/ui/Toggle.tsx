/** A switch with its words: what it is, and in small what is to be known of it. */
import { type ReactNode, useId } from 'react';
import './controls.css';

export interface ToggleProps {
  label: string;
  /** In small, beside or under the label. */
  note?: ReactNode;
  on: boolean;
  /** It keeps its place, but cannot be changed; `note`, or the text beside it, says why. */
  isLocked?: boolean;
  onChange: (on: boolean) => void;
  /** Stands after the switch: a reset, say. */
  children?: ReactNode;
  testId?: string;
}

export function Toggle({ label, note, on, isLocked = false, onChange, children, testId }: ToggleProps) {
  const id = useId();
  return (
    <div className="toggle" data-locked={isLocked}>
      <label className="toggle-words" htmlFor={id}>
        <span>{label}</span>
        {note && <span className="toggle-note" id={`${id}-note`}>{note}</span>}
      </label>
      {children}
      <input
        id={id}
        type="checkbox"
        role="switch"
        className="switch"
        data-testid={testId}
        checked={on}
        aria-disabled={isLocked}
        aria-describedby={note ? `${id}-note` : undefined}
        onChange={(event) => {
          if (!isLocked) onChange(event.target.checked);
        }}
      />
    </div>
  );
}

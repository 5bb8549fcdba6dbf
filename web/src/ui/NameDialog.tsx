/** Asks once what the others shall call this person. The field holds a suggestion already. */
import { useState } from 'react';
import { MAX_NAME_LENGTH, rename, tidyName } from '../api/identity';
import { Dialog } from './Dialog';
import { texts, useTexts } from './texts';

export function NameDialog({ onNamed }: { onNamed: () => void }) {
  const t = useTexts().name;
  const [name, setName] = useState(suggestedName);
  const submit = (): void => {
    if (!tidyName(name)) return;
    rename(name);
    onNamed();
  };
  return (
    <Dialog title={t.title} alone>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <label className="field">
          <span>{t.label}</span>
          <input
            className="input"
            data-testid="name-input"
            value={name}
            maxLength={MAX_NAME_LENGTH}
            autoComplete="nickname"
            autoFocus
            onFocus={(event) => event.target.select()}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <div className="row name-actions">
          <span className="muted small">{t.hint}</span>
          <button type="submit" className="button primary" data-testid="enter" disabled={!tidyName(name)}>{t.enter}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function suggestedName(): string {
  const names = texts().name.suggestions;
  return names[Math.floor(Math.random() * names.length)] ?? '';
}

/** One of a few, each with a sentence that says what it means. */
import { useId } from 'react';
import './controls.css';

export interface Choice<T extends string> {
  value: T;
  name: string;
  body: string;
}

export interface ChoicesProps<T extends string> {
  legend: string;
  choices: readonly Choice<T>[];
  value: T;
  onChoose: (value: T) => void;
  /** Nothing can be chosen; the text beside it says why. */
  isLocked?: boolean;
}

export function Choices<T extends string>({ legend, choices, value, onChoose, isLocked = false }: ChoicesProps<T>) {
  const id = useId();
  return (
    <fieldset className="cards" disabled={isLocked}>
      <legend className="legend">{legend}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className="choice">
          <input
            type="radio"
            name={id}
            checked={value === choice.value}
            aria-describedby={`${id}-${choice.value}`}
            onChange={() => onChoose(choice.value)}
          />
          <span>
            <span className="choice-name">{choice.name}</span>
            <span className="choice-body" id={`${id}-${choice.value}`}>{choice.body}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Things to press and choose with. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface SegmentedProps<Value extends string> {
  readonly label: string;
  readonly hideLabel?: boolean;
  /** Value to words, in order. */
  readonly choices: Readonly<Record<Value, string>>;
  /** Null: none of them is so now. */
  readonly value: Value | null;
  readonly onChange: (value: Value) => void;
  /** Pictures that take the words' place where there is little room. */
  readonly icons?: Readonly<Record<Value, ComponentChildren>>;
}

/** One of a few: radio buttons, so that arrow keys move and a screen reader counts them. */
export function Segmented<Value extends string>({
  label,
  hideLabel = false,
  choices,
  value,
  onChange,
  icons,
}: SegmentedProps<Value>) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class={hideLabel ? 'visually-hidden' : ''}>{label}</legend>
      {(Object.keys(choices) as Value[]).map((choice) => (
        <label key={choice}>
          <input
            type="radio"
            name={name}
            checked={choice === value}
            onChange={() => onChange(choice)}
            {...(icons && { 'aria-label': choices[choice] })}
          />
          <span>
            {icons && <span class="icon">{icons[choice]}</span>}
            <span class={icons ? 'word' : ''}>{choices[choice]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export const Check = ({ label, checked, onChange }: CheckProps) => (
  <label class="check">
    <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
    <span>{label}</span>
  </label>
);

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly choices: Readonly<Record<Value, string>>;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

export const Select = <Value extends string>({ label, choices, value, onChange }: SelectProps<Value>) => (
  <label class="field">
    <span>{label}</span>
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
      {(Object.keys(choices) as Value[]).map((choice) => (
        <option key={choice} value={choice}>
          {choices[choice]}
        </option>
      ))}
    </select>
  </label>
);

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
  readonly kind?: 'primary' | 'plain';
  readonly disabled?: boolean;
}

export const Button = ({ children, onClick, kind, disabled = false }: ButtonProps) => (
  <button type="button" class={kind === 'primary' ? 'button primary' : 'button'} disabled={disabled} onClick={onClick}>
    {children}
  </button>
);

interface PagerProps {
  /** What is paged through, for people who cannot see where it stands. */
  readonly of: string;
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
  readonly onChange: (offset: number) => void;
}

/** `51–100 of 1,000` between a way back and a way on. */
export function Pager({ of, offset, limit, total, onChange }: PagerProps) {
  if (total <= limit && offset === 0) return null;
  const last = Math.min(total, offset + limit);
  return (
    <nav class="pager" aria-label={`Pages of ${of}`}>
      <Button disabled={offset === 0} onClick={() => onChange(Math.max(0, offset - limit))}>
        <span aria-hidden="true">←</span> Previous
      </Button>
      <span role="status">
        {(offset + 1).toLocaleString('en')}–{last.toLocaleString('en')} of {total.toLocaleString('en')}
      </span>
      <Button disabled={last >= total} onClick={() => onChange(offset + limit)}>
        Next <span aria-hidden="true">→</span>
      </Button>
    </nav>
  );
}

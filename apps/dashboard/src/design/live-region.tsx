/** What a screen reader is told without being asked, and everybody sees for a while: rare, important things alone. */
import { signal } from '@preact/signals';

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'info';
}

const SHOWN_MS = 8000;
/** More at once would hide the page. */
const MOST = 3;

const notices = signal<readonly Notice[]>([]);
let last = 0;

const dismiss = (id: number): void => {
  notices.value = notices.value.filter((notice) => notice.id !== id);
};

/** Says it; a text that stands there already is not said again. */
export function announce(text: string, tone: Notice['tone'] = 'info'): void {
  if (notices.value.some((notice) => notice.text === text)) return;
  const id = ++last;
  notices.value = [...notices.value, { id, text, tone }].slice(-MOST);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Stands once in a page. */
export function LiveRegion() {
  return (
    <div class="notices no-print" role="status" aria-live="polite" aria-label="Notices">
      {notices.value.map(({ id, text, tone }) => (
        <p key={id} class={`notice tone-${tone}`}>
          <span>{text}</span>
          <button type="button" class="plain-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}

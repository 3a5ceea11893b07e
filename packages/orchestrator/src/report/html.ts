/** HTML as strings that can't be confused: whatever is put into a template is escaped unless it is HTML itself. */

/** Text that is safe to put into a page as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | bigint | null | undefined | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map((inner: Part) => render(inner)).join('');
  return part === null || part === undefined ? '' : escape(String(part));
}

/** A template of HTML: html`<b>${name}</b>`. Lists are joined, null and undefined vanish. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + string + render(parts[index]), ''));
}

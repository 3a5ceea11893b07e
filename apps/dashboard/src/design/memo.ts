/** Components that are drawn again only when what they are given changed: rows of long lists, above all. */
import { Component, h } from 'preact';
import type { ComponentChildren, FunctionComponent } from 'preact';

function differ(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(left);
  return names.length !== Object.keys(right).length || names.some((name) => !Object.is(left[name], right[name]));
}

/** `Content`, drawn again only when one of its properties is another value. */
export function memo<Props extends object>(Content: FunctionComponent<Props>): FunctionComponent<Props> {
  class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return differ(this.props, next);
    }

    override render(): ComponentChildren {
      return h(Content, this.props);
    }
  }
  return Memo as unknown as FunctionComponent<Props>;
}

/** Where the reader is, and going from one page to the other without loading it again. */
import { computed, signal } from '@preact/signals';
import { routeOf } from './route.ts';

const path = signal(location.pathname);
let arriving = false;
export const route = computed(() => routeOf(path.value));

function goTo(pathname: string): void {
  arriving = pathname !== path.value;
  path.value = pathname;
}

/** A ref for a page's heading: whoever came by a link is taken to it, as if the page had been loaded anew. */
export function arrive(heading: HTMLElement | null): void {
  if (heading === null || !arriving) return;
  arriving = false;
  heading.focus({ preventScroll: true });
}

function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const chord = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (link === null || event.button !== 0 || chord || event.defaultPrevented || link.target !== '') return;
  const { origin, pathname, hash } = new URL(link.href);
  if (origin !== location.origin || hash !== '' || routeOf(pathname).page === 'none') return;
  event.preventDefault();
  history.pushState(null, '', pathname);
  goTo(pathname);
  window.scrollTo(0, 0);
}

/** Begins to follow the page's own links; once a page. */
export function followLinks(): void {
  document.addEventListener('click', follow);
  window.addEventListener('popstate', () => goTo(location.pathname));
}

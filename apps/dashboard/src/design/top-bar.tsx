/** The bar over every page: whose page this is, and what the page puts at its right. */
import type { ComponentChildren } from 'preact';

export const TopBar = ({ children }: { readonly children?: ComponentChildren }) => (
  <>
    <a class="skip" href="#content">
      Skip to content
    </a>
    <header class="top-bar">
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4.5 12.5q3-3 5.5 0q2.5-3 5.5 0" />
          <path d="M16 19.5q3-3 5.5 0q2.5-3 5.5 0" />
          <path d="M8 24.5q2-2 3.6 0q1.6-2 3.6 0" />
          <path d="M18.5 8.500q2-2 3.6 0q1.6-2 3.6 0" />
        </svg>
        Murmuration
      </a>
      <div class="top-tools no-print">{children}</div>
    </header>
  </>
);

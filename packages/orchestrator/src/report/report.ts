/** `report.html`: one self-contained page about a run, to look at, to send, to print. */
import { arch, cpus, platform, totalmem } from 'node:os';
import type { RunResult } from '../summary/result.ts';
import type { RunSummary } from '../summary/summary.ts';
import { byteSize, dateTime } from '@murmuration/protocol/dashboard';
import { html } from './html.ts';
import type { Html } from './html.ts';
import {
  auditsSection,
  faultsSection,
  figuresSection,
  lossSection,
  paymentsSection,
  timelineSection,
  workersSection,
} from './sections.ts';
import { style } from './style.ts';

export interface ReportInput {
  readonly jobName: string;
  /** The job as it was written. */
  readonly jobText: string;
  readonly summary: RunSummary;
  readonly result: RunResult;
  /** What the coordinator ran on; see {@link environment}. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The machine and the program that coordinated. */
export function environment(version: string): Record<string, string> {
  const [cpu] = cpus();
  return {
    murmuration: version,
    node: process.version,
    system: `${platform()} ${arch()}`,
    processor: `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    memory: byteSize(totalmem()),
  };
}

const environmentSection = (facts: Readonly<Record<string, string>>): Html =>
  html`<h2>Environment of the coordinator</h2>
    <table>
      ${Object.entries(facts).map(
        ([name, value]) =>
          html`<tr>
            <th>${name}</th>
            <td>${value}</td>
          </tr>`,
      )}
    </table>`;

/** The whole page. */
export function renderReport({ jobName, jobText, summary, result, environment: facts }: ReportInput): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${jobName} · Murmuration</title>
        <style>
          STYLE
        </style>
      </head>
      <body>
        <h1>${jobName}</h1>
        <p class="sub">
          Run <code>${summary.runId}</code>, started ${dateTime(summary.startedAt)} UTC. Its end: ${result.reason}.
        </p>
        ${[
          figuresSection(result),
          lossSection(summary),
          workersSection(summary),
          timelineSection(summary),
          faultsSection(summary),
          auditsSection(summary),
          paymentsSection(summary, result),
          environmentSection(facts),
        ]}
        <h2>Job</h2>
        <pre>${jobText}</pre>
      </body>
    </html> `;
  // The style has characters that a template would escape.
  return page.text.replace('STYLE', () => style);
}

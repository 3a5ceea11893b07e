/** The members table added up, page by page. */
import { apiLimits } from '@murmuration/protocol/dashboard';
import type { MemberRow, MemberStatus } from '@murmuration/protocol/dashboard';
import type { MemberFigures } from './metrics.ts';
import type { RunView } from './run-view.ts';

/** Members that are added up: more than a run admits, bounded all the same. */
const MOST = 10_000;

function* rowsOf(view: RunView): Generator<MemberRow> {
  for (let offset: number | null = 0; offset !== null && offset < MOST;) {
    const page = view.members({ offset, limit: apiLimits.members });
    yield* page.rows;
    offset = page.next;
  }
}

export function memberFigures(view: RunView): MemberFigures {
  const byStatus: Partial<Record<MemberStatus, number>> = {};
  let auditsPassed = 0;
  let auditsFailed = 0;
  for (const { status, trust } of rowsOf(view)) {
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    auditsPassed += trust.passed;
    auditsFailed += trust.failed;
  }
  return { byStatus, auditsPassed, auditsFailed };
}

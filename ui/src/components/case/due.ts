// How a time limit stands to now: the same three words on every desk.
export type DueKind = 'late' | 'soon' | 'rest' | 'none';
const kSoonMs = 3_600_000;

export const dueKind = (dueMs: number | null, nowMs: number): DueKind => (dueMs === null ? 'none' : dueMs < nowMs ? 'late' : dueMs - nowMs < kSoonMs ? 'soon' : 'rest');

/** What is late the longest first, then what falls due soonest, then what has no limit. */
export const byDue = (a: number | null, b: number | null): number => (a ?? Infinity) - (b ?? Infinity) || 0;

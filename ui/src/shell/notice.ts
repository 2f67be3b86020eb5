// A notice as facts: what it says in a language, how urgent it is, what it is about. Pure.
// Source: kernel/workflow/notice.h (a Communication: title in category.text and topic.text, texts in the payloads, Chinese first).
import { parseTime } from '../fhir/time';
import type { CodeableConcept, Extension, Reference, Resource } from '../fhir/types';

export interface Notice extends Resource {
  resourceType: 'Communication';
  status: string;
  priority?: string;
  category?: CodeableConcept[];
  topic?: CodeableConcept;
  subject?: Reference;
  about?: Reference[];
  sent?: string;
  payload?: { contentString?: string; extension?: Extension[] }[];
}

export interface NoticeRow {
  id: string;
  title: string;
  text: string;
  level: 'high' | 'caution' | 'notice';
  unread: boolean;
  sentMs: number | null;
  about: string[]; // references, the most exact first
}

const kLevels: Record<string, NoticeRow['level']> = { stat: 'high', asap: 'high', urgent: 'caution' };

/** A text names its record by type and id; the row opens it, and people need not read it. */
export function withoutReferences(text: string): string {
  return text.replace(/\s*[:：,，]?\s*\b[A-Z][A-Za-z]{3,}\/[A-Za-z0-9\-.]{1,64}/g, '').trim();
}

export function rowOf(notice: Notice, language: string): NoticeRow {
  const zh = notice.category?.[0]?.text ?? '';
  const en = notice.topic?.text ?? '';
  const texts = (notice.payload ?? []).map((p) => p.contentString ?? '');
  const said = language === 'en' ? (texts[1] ?? texts[0]) : texts[0];
  return {
    id: notice.id ?? '',
    title: (language === 'en' ? en || zh : zh || en) || '–',
    text: withoutReferences(said ?? ''),
    level: kLevels[notice.priority ?? ''] ?? 'notice',
    unread: notice.status === 'in-progress',
    sentMs: parseTime(notice.sent ?? notice.meta?.lastUpdated),
    about: [...(notice.about ?? []), ...(notice.subject ? [notice.subject] : [])].map((r) => r.reference ?? '').filter(Boolean),
  };
}

/** Whether something arrived that asks for a sound: urgent, unread, and not among those that were there. */
export function rings(before: readonly NoticeRow[] | undefined, now: readonly NoticeRow[]): boolean {
  if (before === undefined) return false;
  const had = new Set(before.map((r) => r.id));
  return now.some((r) => r.unread && r.level !== 'notice' && !had.has(r.id));
}

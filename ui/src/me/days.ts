// Lines under the day on which they were, in the order given.
import { dayOf } from '../fhir/time';

export function byDay<T>(items: readonly T[], at: (item: T) => number, language: string): { day: string; items: T[] }[] {
  const name = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' });
  const days: { key: string; day: string; items: T[] }[] = [];
  for (const item of items) {
    const key = dayOf(at(item));
    const last = days.at(-1);
    if (last?.key === key) last.items.push(item);
    else days.push({ key, day: name.format(at(item)), items: [item] });
  }
  return days;
}
